// SPDX-License-Identifier: Apache-2.0
// A C++ program with a layer, a loss and an optimizer of its own, copies of relu, l1 and sgd. Prints the digest of the
// weights that mote's train, that of those that the copies train, and how often the layer was called: own MODEL
#include <mote/mote.h>

#include <cmath>
#include <cstddef>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
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

/// What a layer keeps must be plain data; what belongs to the program lies behind `user`.
struct relu_state {
    std::size_t count;
};

struct counter {
    std::size_t forwards;
};

struct arrays {
    const float *x;
    float *to;
};

mote_custom_layer make_layer(counter &counted)
{
    mote_custom_layer layer{};
    layer.name = "my_relu";
    layer.summary = "what is below 0 becomes 0";
    layer.state_bytes = sizeof(relu_state);
    layer.user = &counted;
    layer.setup = [](void *, void *state, mote_layer_setup *setup) {
        const mote_custom_shape in = mote_layer_setup_input(setup, 0);
        static_cast<relu_state *>(state)->count = in.channels * in.height * in.width;
        if (in.channels != 1)
            return mote_layer_setup_refuse(setup, MOTE_ERROR_SHAPE, "%zu channels, expected 1",
                                           in.channels);
        const mote_status status = mote_layer_setup_need_input(setup, 0, MOTE_PHASE_DERIVATIVE);
        return status == MOTE_OK ? mote_layer_setup_output(setup, in) : status;
    };
    layer.forward = [](void *user, const void *state, const mote_layer_run *run) {
        static_cast<counter *>(user)->forwards++;
        arrays values{mote_layer_run_input(run, 0), mote_layer_run_output(run)};
        const auto part = [](void *argument, std::size_t first, std::size_t count) {
            const arrays &a = *static_cast<const arrays *>(argument);
            for (std::size_t i = first; i < first + count; i++)
                a.to[i] = a.x[i] <= 0 ? 0 : a.x[i];
        };
        const std::size_t count =
            mote_layer_run_batch(run) * static_cast<const relu_state *>(state)->count;
        return mote_layer_run_parallel(run, count, 1, part, &values);
    };
    layer.calc_derivative = [](void *, const void *state, const mote_layer_run *run) {
        const float *const x = mote_layer_run_input(run, 0);
        const float *const dy = mote_layer_run_output_derivative(run);
        float *const dx = mote_layer_run_input_derivative(run, 0);
        const std::size_t count = static_cast<const relu_state *>(state)->count;
        for (std::size_t i = 0; i < count * mote_layer_run_batch(run); i++)
            dx[i] = x[i] > 0 ? dy[i] : 0;
        return MOTE_OK;
    };
    return layer;
}

mote_custom_loss make_loss()
{
    mote_custom_loss loss{};
    loss.name = "my_l1";
    loss.summary = "mean absolute error";
    loss.mean_over_labels = true;
    loss.value = [](void *, const void *, const mote_loss_sample *sample) {
        float sum = 0;
        for (std::size_t i = 0; i < sample->count; i++)
            sum += std::fabs(sample->prediction[i] - sample->label[i]);
        return sum;
    };
    loss.derive = [](void *, const void *, const mote_loss_sample *sample, float scale,
                     float *derivative) {
        for (std::size_t i = 0; i < sample->count; i++) {
            const float difference = sample->prediction[i] - sample->label[i];
            derivative[i] = difference > 0 ? scale : difference < 0 ? -scale : 0;
        }
    };
    return loss;
}

mote_custom_optimizer make_optimizer()
{
    mote_custom_optimizer optimizer{};
    optimizer.name = "my_sgd";
    optimizer.summary = "against the gradient";
    optimizer.learning_rate = 0.01;
    optimizer.apply = [](void *, const void *, const mote_optimizer_part *part) {
        const float rate = static_cast<float>(part->learning_rate);
        for (std::size_t i = 0; i < part->count; i++)
            part->weight[i] = std::fma(-rate, part->gradient[i], part->weight[i]);
    };
    return optimizer;
}

std::string train(mote_context *context, const char *path,
                  const std::vector<mote_setting> &settings)
{
    mote_model *loaded = nullptr;
    std::string digest(64, ' ');
    check(mote_model_load(context, path, settings.data(), settings.size(), &loaded));
    const std::unique_ptr<mote_model, release> model(loaded);
    check(mote_model_compile(model.get(), nullptr));
    check(mote_model_train(model.get(), nullptr, nullptr));
    check(mote_model_digest(model.get(), &digest[0]));
    return digest;
}

void run(const char *path)
{
    counter counted{0};
    mote_context *made = nullptr;
    check(mote_context_create(nullptr, &made));
    const std::unique_ptr<mote_context, release> context(made);
    const mote_custom_layer layer = make_layer(counted);
    const mote_custom_loss loss = make_loss();
    const mote_custom_optimizer optimizer = make_optimizer();
    check(mote_context_add_layer(context.get(), &layer));
    check(mote_context_add_loss(context.get(), &loss));
    check(mote_context_add_optimizer(context.get(), &optimizer));
    const std::string theirs = train(context.get(), path, {});
    const std::string ours = train(
        context.get(), path,
        {{"bent", "type", "my_relu"}, {"Model", "loss", "my_l1"}, {"Optimizer", "type", "my_sgd"}});
    std::cout << theirs << ' ' << ours << ' ' << counted.forwards << '\n';
}

} // namespace

int main(int argc, char **argv)
{
    try {
        run(argc > 1 ? argv[1] : "");
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
