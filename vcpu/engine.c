/* The table of the engines of this build. */
#include <vcpu/engine.h>

#include <string.h>

extern const struct vcpu_engine_ops vcpu_interpreter_ops;
#ifdef DENALI_TRANSLATOR
extern const struct vcpu_engine_ops vcpu_translator_ops;
#endif
#ifdef DENALI_UNICORN
extern const struct vcpu_engine_ops vcpu_unicorn_ops;
#endif

const struct vcpu_engine_ops *const *vcpu_engines(void)
{
    static const struct vcpu_engine_ops *const engines[] = {
        &vcpu_interpreter_ops,
#ifdef DENALI_TRANSLATOR
        &vcpu_translator_ops,
#endif
#ifdef DENALI_UNICORN
        &vcpu_unicorn_ops,
#endif
        NULL,
    };
    return engines;
}

const struct vcpu_engine_ops *vcpu_engine_find(const char *name)
{
    for (const struct vcpu_engine_ops *const *engine = vcpu_engines(); *engine; engine++) {
        if (strcmp((*engine)->name, name) == 0) {
            return *engine;
        }
    }
    return NULL;
}
