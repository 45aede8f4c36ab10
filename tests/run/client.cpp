// SPDX-License-Identifier: Apache-2.0
// A C++ program that trains the model file it is given and prints what the library says.
#include <mote/mote.h>

#include <array>
#include <cstdint>
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

struct context_deleter {
    void operator()(mote_context *context) const
    {
        mote_context_destroy(&context);
    }
};

struct model_deleter {
    void operator()(mote_model *model) const
    {
        mote_model_destroy(&model);
    }
};

/// Three steps of a loop of its own, on grey images; gives how many were applied and what the last one's output was.
void train_stepwise(mote_model *model)
{
    mote_compile_config config{};
    config.modes = MOTE_MODE_STEP;
    config.batch = 5;
    check(mote_model_compile(model, &config));
    mote_port_info input{};
    check(mote_model_get_input(model, 0, &input));
    const std::vector<float> images(5 * input.element_count, 0.5F);
    const std::vector<std::int32_t> classes{0, 1, 2, 3, 4};
    const std::array<const void *, 1> inputs{images.data()};
    const std::array<const void *, 1> labels{classes.data()};
    const mote_batch batch{inputs.data(), inputs.size(), labels.data(), labels.size(), 5};
    float output = 0;
    for (int i = 0; i < 3; i++) {
        mote_metrics metrics{};
        const void *values = nullptr;
        check(mote_model_forward(model, &batch, &metrics));
        check(mote_model_get_step_output(model, 0, &values));
        output = *static_cast<const float *>(values);
        check(mote_model_apply(model, nullptr));
    }
    mote_step_info step{};
    check(mote_model_get_step(model, &step));
    std::cout << ' ' << step.applied << ' ' << output << '\n';
}

void run(const char *path)
{
    mote_context *made = nullptr;
    check(mote_context_create(nullptr, &made));
    const std::unique_ptr<mote_context, context_deleter> context(made);
    mote_model *loaded = nullptr;
    check(mote_model_load(context.get(), path, nullptr, 0, &loaded));
    const std::unique_ptr<mote_model, model_deleter> model(loaded);
    check(mote_model_compile(model.get(), nullptr));
    mote_plan_info plan{};
    check(mote_model_get_plan(model.get(), &plan));
    std::size_t calls = 0;
    mote_train_config config{};
    config.user = &calls;
    config.progress = [](void *user, const mote_progress *) {
        ++*static_cast<std::size_t *>(user);
    };
    mote_train_result result{};
    check(mote_model_train(model.get(), &config, &result));
    std::string digest(64, ' ');
    check(mote_model_digest(model.get(), &digest[0]));
    std::cout << mote_version() << ' ' << plan.arena_bytes << ' ' << calls << ' ' << digest;
    train_stepwise(model.get());
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
