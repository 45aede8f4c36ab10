// SPDX-License-Identifier: Apache-2.0
// Features of a sound, made by tools/numpy_sound.py with numpy; rows are frames.
#ifndef MOTE_TESTS_UNIT_DATA_SOUND_VALUES_H
#define MOTE_TESTS_UNIT_DATA_SOUND_VALUES_H

#include "data/sound.h"

static const float log_mel_values[] = {
    2.196139237F, 3.898022953F, 3.448216704F, 3.519342468F, 3.742397448F, 4.216959540F,
    3.324892489F, 3.515569601F, 4.892469873F, 4.559431598F, 5.155061354F, 5.131404954F,
    5.073919395F, 4.938178654F, 4.936006307F, 5.271111076F, 5.323550145F, 5.782181636F,
    5.833406176F, 5.442739628F, 2.307000197F, 3.958591746F, 3.399705551F, 3.529281641F,
    3.781800888F, 4.298248178F, 3.374171629F, 3.657579483F, 4.986645893F, 4.673141151F,
    5.217619431F, 5.168921331F, 5.096790579F, 4.948952751F, 4.943608205F, 5.241260088F,
    5.262090848F, 5.737818986F, 5.794028378F, 5.350317320F, 5.055081261F, 5.298237435F,
    5.156509600F, 4.653467280F, 3.488294129F, 4.882338780F, 4.353362527F, 2.532794053F,
    2.937729397F, 5.115346379F, 5.072726719F, 5.226515577F, 5.045020118F, 4.911509452F,
    5.312054177F, 5.464244784F, 5.632392453F, 5.549461042F, 4.798428281F, 5.197415457F,
    4.058714085F, 3.574960340F, 3.492472867F, 2.595202070F, 2.364621226F, 3.780202363F,
    2.892042525F, 2.387622092F, 2.838513314F, 4.408301871F, 4.311361272F, 4.027476892F,
    3.570881708F, 4.880381589F, 5.069387406F, 4.844679616F, 3.777727822F, 3.134194645F,
    3.408823272F, 3.998424043F};

static const float mfcc_values[] = {
    34.363264534F, -4.069756296F, 1.736901968F,  1.105854794F,  0.187478278F,  -0.757393732F,
    0.022954477F,  0.258640917F,  -1.422502966F, -1.009972533F, -0.035473015F, 0.867946955F,
    0.208887790F,  34.032880486F, -5.109080696F, -0.421154849F, -0.752483538F, -0.381850439F,
    -0.967791448F, -1.143542330F, 0.010496006F,  0.514645324F,  -0.163264635F, 0.631827581F,
    0.639317159F,  0.354540169F,  32.597133986F, -3.515721897F, 2.873972537F,  1.630022579F,
    0.148445543F,  -1.235921378F, -0.688660802F, 0.301617469F,  -0.003759263F, 0.222369310F,
    0.960335875F,  0.554802568F,  0.381897976F};

static const float short_mfcc_values[] = {
    10.749279481F, -3.924367649F, 2.915168279F, -0.753864360F, -1.487640082F,
    -1.902830848F, -0.987450854F, 0.130258984F, 0.471763026F,  -0.090196299F,
    0.133784376F,  0.360771847F,  1.591749443F};

static const struct {
    mote_sound_settings settings;
    size_t sample_count, frame_count;
    const float *values;
} sound_cases[] = {
    {{.sample_rate = 8000,
      .features = MOTE_SOUND_LOG_MEL,
      .frame_length = 25.0,
      .frame_step = 10.0,
      .mel_count = 20,
      .coefficient_count = 0,
      .low_frequency = 20.0,
      .high_frequency = 0.0},
     440,
     4,
     log_mel_values},
    {{.sample_rate = 16000,
      .features = MOTE_SOUND_MFCC,
      .frame_length = 32.0,
      .frame_step = 16.0,
      .mel_count = 40,
      .coefficient_count = 13,
      .low_frequency = 100.0,
      .high_frequency = 7000.0},
     1100,
     3,
     mfcc_values},
    {{.sample_rate = 8000,
      .features = MOTE_SOUND_MFCC,
      .frame_length = 25.0,
      .frame_step = 10.0,
      .mel_count = 24,
      .coefficient_count = 13,
      .low_frequency = 0.0,
      .high_frequency = 0.0},
     100,
     1,
     short_mfcc_values},
};

#endif
