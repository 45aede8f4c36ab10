// SPDX-License-Identifier: Apache-2.0
// A C++ program that trains the model file it is given and prints what the library says.
#include <mote/mote.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

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
    std::cout << mote_version() << ' ' << plan.arena_bytes << ' ' << calls << ' ' << digest << '\n';
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
