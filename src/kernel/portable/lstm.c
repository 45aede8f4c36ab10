// SPDX-License-Identifier: Apache-2.0
// One step of LSTM cells, all of their element-wise arithmetic in one pass; and back.
#include "kernel/portable/level.h"

void MOTE_KERNEL(lstm)(const mote_lstm *lstm, size_t count)
{
    const mote_real *const recurrent = lstm->recurrent;
    const mote_real *const previous = lstm->previous;
    mote_real *const gates = lstm->gates;
    mote_real *const cell = lstm->cell;
    mote_real *const hidden = lstm->hidden;
    const size_t f = count;
    const size_t g = 2 * count;
    const size_t o = 3 * count;
    MOTE_ELEMENTWISE
    for (size_t at = 0; at < count; at++) {
        const mote_real input = mote_elementary_sigmoid(gates[at] + recurrent[at]);
        const mote_real forget = mote_elementary_sigmoid(gates[f + at] + recurrent[f + at]);
        const mote_real candidate = mote_elementary_tanh(gates[g + at] + recurrent[g + at]);
        const mote_real output = mote_elementary_sigmoid(gates[o + at] + recurrent[o + at]);
        const mote_real state = MOTE_FMA(forget, previous[at], input * candidate);
        gates[at] = input;
        gates[f + at] = forget;
        gates[g + at] = candidate;
        gates[o + at] = output;
        cell[at] = state;
        hidden[at] = output * mote_elementary_tanh(state);
    }
}

void MOTE_KERNEL(lstm_derivative)(const mote_lstm_derivative *lstm, size_t count)
{
    const mote_real *const dy = lstm->dy;
    const mote_real *const flow = lstm->flow;
    const mote_real *const previous = lstm->previous;
    const mote_real *const cell = lstm->cell;
    mote_real *const cell_derivative = lstm->cell_derivative;
    mote_real *const gates = lstm->gates;
    const size_t f = count;
    const size_t g = 2 * count;
    const size_t o = 3 * count;
    MOTE_ELEMENTWISE
    for (size_t at = 0; at < count; at++) {
        const mote_real input = gates[at];
        const mote_real forget = gates[f + at];
        const mote_real candidate = gates[g + at];
        const mote_real output = gates[o + at];
        const mote_real bent = mote_elementary_tanh(cell[at]);
        const mote_real by_hidden = dy[at] + flow[at];
        const mote_real by_cell =
            MOTE_FMA(by_hidden * output, MOTE_FMA(-bent, bent, 1), cell_derivative[at]);
        gates[at] = by_cell * candidate * (input * (1 - input));
        gates[f + at] = by_cell * previous[at] * (forget * (1 - forget));
        gates[g + at] = by_cell * input * MOTE_FMA(-candidate, candidate, 1);
        gates[o + at] = by_hidden * bent * (output * (1 - output));
        cell_derivative[at] = by_cell * forget;
    }
}
