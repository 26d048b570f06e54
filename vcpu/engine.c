/* The table of the engines of this build that this host can run. */
#include <vcpu/engine.h>

#include <string.h>

#include <base/nearest.h>
#include <vcpu/image.h>

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

enum status vcpu_engine_choose(const char *option, const char *name,
                               const struct vcpu_engine_ops **engine, struct error *error)
{
    *engine = vcpu_engine_find(name);
    if (*engine) {
        return STATUS_OK;
    }
    const char *names[VCPU_ENGINE_SLOTS + 1];
    size_t count = 0;
    for (const struct vcpu_engine_ops *const *other = vcpu_engines(); *other; other++) {
        names[count++] = (*other)->name;
    }
    const char *near = nearest_word(name, names, count);
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "%s %.80s: this build has no such engine; `denali list engines` shows those "
                     "it has%s%s%s",
                     option, name, near ? "; did you mean `" : "", near ? near : "",
                     near ? "`?" : "");
}
