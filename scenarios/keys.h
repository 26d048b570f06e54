/*
 * Keys of a keyboard by name and by what typing text takes: usages of the USB HID keyboard page
 * (HID Usage Tables 1.4, section 10, page 07). Knows names and places of keys, no scenario.
 */
#ifndef DENALI_SCENARIOS_KEYS_H
#define DENALI_SCENARIOS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_SHIFT 0xe1u /* the left one */

/* A key that is struck, alone or with shift held. */
struct key_stroke {
    uint32_t usage;
    bool shifted;
};

/* The key of that name ("Enter", "F1", "a", "Left"), or 0. One character names the key that types
 * it without shift; a letter may be either case. */
uint32_t key_find(const char *name);

/* Takes the next stroke off a text: a character as a US keyboard types it, or "<NAME>" for a key by
 * its name ("<lt>" is a '<'). False, with *text where it was, if no key types it. */
bool key_take(const char **text, struct key_stroke *stroke);

/* The name nearest to one that is none, or NULL. */
const char *key_nearest(const char *name);

#endif
