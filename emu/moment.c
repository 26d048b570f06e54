/* Virtual times as verify, replay and fork take them: 20, 20s, 20500ms. */
#include <stdio.h>
#include <string.h>

#include <emu/run.h>
#include <scenarios/select.h>

enum status emu_moment_parse(const char *option, const char *text, uint64_t *time_ns,
                             struct error *error)
{
    static const char digits[] = "0123456789.";
    char seconds[SCN_MOMENT_TEXT_MAX];
    size_t length = strlen(text);
    if (length > 0 && strspn(text, digits) == length && length + 2 < sizeof seconds) {
        snprintf(seconds, sizeof seconds, "%ss", text);
        text = seconds;
    }
    return scn_moment_parse(option, text, time_ns, error);
}
