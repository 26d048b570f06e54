/* The table of the engines of this build that this host can run. */
#include <vcpu/engine.h>

#include <string.h>

extern const struct vcpu_engine_ops vcpu_interpreter_ops;
#ifdef DENALI_TRANSLATOR
extern const struct vcpu_engine_ops vcpu_translator_ops;
bool vcpu_translator_possible(void);
#endif
#ifdef DENALI_UNICORN
extern const struct vcpu_engine_ops vcpu_unicorn_ops;
#endif

const struct vcpu_engine_ops *const *vcpu_engines(void)
{
    static const struct vcpu_engine_ops *const engines[] = {
#ifdef DENALI_TRANSLATOR
        &vcpu_translator_ops,
#endif
        &vcpu_interpreter_ops,
#ifdef DENALI_UNICORN
        &vcpu_unicorn_ops,
#endif
        NULL,
    };
#ifdef DENALI_TRANSLATOR
    return vcpu_translator_possible() ? engines : engines + 1;
#else
    return engines;
#endif
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
