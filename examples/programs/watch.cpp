// SPDX-License-Identifier: Apache-2.0
// From C++: owns the handles by smart pointers, trains on samples of a C++ container, and stops when the loss is small
// enough: watch MODEL
#include <mote/mote.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

namespace
{

void check(mote_status status)
{
    if (status != MOTE_OK)
        throw std::runtime_error(mote_last_error()->message);
}

struct release {
    void operator()(mote_context *context) const
    {
        mote_context_destroy(&context);
    }

    void operator()(mote_model *model) const
    {
        mote_model_destroy(&model);
    }
};

struct sample {
    float point[2];
    std::int32_t side;
};

std::vector<sample> make_samples()
{
    std::mt19937 random(1);
    std::vector<sample> samples(1000);
    for (sample &made : samples) {
        for (float &coordinate : made.point)
            coordinate = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
        made.side = std::hypot(made.point[0], made.point[1]) < 0.6F;
    }
    return samples;
}

/// No exception may leave a callback.
int read_sample(void *user, std::uint64_t index, std::size_t port, void *values,
                std::size_t count) noexcept
{
    const sample &read = (*static_cast<const std::vector<sample> *>(user))[index];
    if (port == 0)
        std::copy(read.point, read.point + count, static_cast<float *>(values));
    else
        *static_cast<std::int32_t *>(values) = read.side;
    return 0;
}

struct watch {
    double loss;
};

void run(const char *path)
{
    mote_context *made = nullptr;
    check(mote_context_create(nullptr, &made));
    const std::unique_ptr<mote_context, release> context(made);
    const mote_setting settings[] = {{"Model", "epochs", "100"}};
    mote_model *loaded = nullptr;
    check(mote_model_load(context.get(), path, settings, 1, &loaded));
    const std::unique_ptr<mote_model, release> model(loaded);
    std::vector<sample> samples = make_samples();
    mote_data_source source{};
    source.user = &samples;
    source.sample_count = samples.size();
    source.read = read_sample;
    check(mote_model_compile(model.get(), nullptr));
    check(mote_model_set_data(model.get(), "train_set", &source));
    watch watched{1.0};
    mote_train_config config{};
    config.user = &watched;
    config.progress = [](void *user, const mote_progress *progress) {
        if (progress->epoch_done)
            static_cast<watch *>(user)->loss = progress->training.loss;
    };
    config.stop = [](void *user) { return static_cast<watch *>(user)->loss < 0.1; };
    mote_train_result result{};
    check(mote_model_train(model.get(), &config, &result));
    std::cout << (result.stopped ? "good enough" : "not good enough") << " after " << result.epochs
              << " epochs\n";
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: watch MODEL\n";
        return 2;
    }
    try {
        run(argv[1]);
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
