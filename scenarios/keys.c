/* The US keyboard: names of its keys, and which types what. */
#include "keys.h"

#include <string.h>
#include <strings.h>

#include <base/locale.h>
#include <base/nearest.h>

#define NAME_MAX_BYTES 31u

struct key {
    const char *name;
    uint32_t usage;
};

/* Keys that no character stands for, or that need another name in "<...>". */
static const struct key named[] = {
    {"Enter", 0x28},        {"Escape", 0x29},     {"Backspace", 0x2a}, {"Tab", 0x2b},
    {"Space", 0x2c},        {"CapsLock", 0x39},   {"F1", 0x3a},        {"F2", 0x3b},
    {"F3", 0x3c},           {"F4", 0x3d},         {"F5", 0x3e},        {"F6", 0x3f},
    {"F7", 0x40},           {"F8", 0x41},         {"F9", 0x42},        {"F10", 0x43},
    {"F11", 0x44},          {"F12", 0x45},        {"Insert", 0x49},    {"Home", 0x4a},
    {"PageUp", 0x4b},       {"Delete", 0x4c},     {"End", 0x4d},       {"PageDown", 0x4e},
    {"Right", 0x4f},        {"Left", 0x50},       {"Down", 0x51},      {"Up", 0x52},
    {"LeftControl", 0xe0},  {"LeftShift", 0xe1},  {"LeftAlt", 0xe2},   {"LeftGUI", 0xe3},
    {"RightControl", 0xe4}, {"RightShift", 0xe5}, {"RightAlt", 0xe6},  {"RightGUI", 0xe7},
};
#define NAMED_COUNT (sizeof named / sizeof *named)

/* What keys 0x1e to 0x38 type without and with shift; NUL: a key named above, or none. */
#define FIRST_SIGN 0x1eu
static const char plain[] = "1234567890\0\0\0\0\0-=[]\\\0;'`,./";
static const char shifted[] = "!@#$%^&*()\0\0\0\0\0_+{}|\0:\"~<>?";
#define SIGN_COUNT (sizeof plain - 1)
_Static_assert(sizeof plain == sizeof shifted && FIRST_SIGN + SIGN_COUNT - 1 == 0x38,
               "one sign each for the keys up to the slash");

static bool character_find(char c, struct key_stroke *stroke)
{
    *stroke = (struct key_stroke){0, false};
    if (c >= 'a' && c <= 'z') {
        stroke->usage = 0x04 + (uint32_t)(c - 'a');
    } else if (c >= 'A' && c <= 'Z') {
        *stroke = (struct key_stroke){0x04 + (uint32_t)(c - 'A'), true};
    } else if (c == ' ') {
        stroke->usage = 0x2c;
    } else if (c == '\n') {
        stroke->usage = 0x28;
    } else if (c == '\t') {
        stroke->usage = 0x2b;
    }
    for (uint32_t i = 0; i < SIGN_COUNT && c != '\0' && stroke->usage == 0; i++) {
        if (c == plain[i] || c == shifted[i]) {
            *stroke = (struct key_stroke){FIRST_SIGN + i, c == shifted[i]};
        }
    }
    return stroke->usage != 0;
}

uint32_t key_find(const char *name)
{
    LOCALE_NEUTRAL();
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        if (strcasecmp(name, named[i].name) == 0) {
            return named[i].usage;
        }
    }
    struct key_stroke stroke;
    bool letter = (name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z';
    if (name[0] == '\0' || name[1] != '\0' || !character_find(name[0], &stroke) ||
        (stroke.shifted && !letter)) {
        return 0;
    }
    return stroke.usage;
}

bool key_take(const char **text, struct key_stroke *stroke)
{
    const char *end = **text == '<' ? strchr(*text, '>') : NULL;
    if (**text != '<') {
        bool found = character_find(**text, stroke);
        *text += found;
        return found;
    }
    size_t length = end ? (size_t)(end - *text) - 1 : 0;
    if (length == 0 || length > NAME_MAX_BYTES) {
        return false;
    }
    char name[NAME_MAX_BYTES + 1] = "";
    memcpy(name, *text + 1, length);
    if (strcmp(name, "lt") == 0) {
        character_find('<', stroke);
    } else {
        *stroke = (struct key_stroke){key_find(name), false};
    }
    *text = stroke->usage ? end + 1 : *text;
    return stroke->usage != 0;
}

const char *key_nearest(const char *name)
{
    const char *names[NAMED_COUNT];
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        names[i] = named[i].name;
    }
    return nearest_word(name, names, NAMED_COUNT);
}
