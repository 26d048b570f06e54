/* What a scenario types on a group's keyboards, as keys going down and up at their times. */
#include <stdlib.h>

#include "base/alloc.h"
#include "document.h"
#include "keys.h"
#include "resolve.h"
#include "scenarios/scenario.h"

/* At the field if the entry has it, else at the entry. */
#define FAIL(list, item, field, ...)                                                               \
    item_error((list)->document, item_child(item, field) ? item_child(item, field) : (item),       \
               item_child(item, field) ? NULL : (field), (list)->error, STATUS_INVALID,            \
               __VA_ARGS__)

/* A group's keyboard under expansion: the events so far, and where its entries stand. */
struct key_list {
    const struct scn_document *document;
    struct error *error;
    struct scn_key_event *events;
    uint32_t count;
    uint32_t capacity;
};

static bool key_append(struct key_list *list, uint64_t at_ns, uint32_t usage, bool pressed)
{
    if (list->count == SCN_KEY_EVENTS_MAX) {
        return false;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->events = alloc_grow(list->events, list->capacity, sizeof *list->events);
    }
    list->events[list->count] =
        (struct scn_key_event){at_ns, list->count, (uint16_t)usage, pressed};
    list->count++;
    return true;
}

/* A stroke: the key, with shift around it if need be, held for half the time to the next. */
static bool stroke_append(struct key_list *list, uint64_t at_ns, uint64_t every_ns,
                          const struct key_stroke *stroke)
{
    uint64_t up_ns = at_ns + every_ns / 2;
    return (!stroke->shifted || key_append(list, at_ns, KEY_SHIFT, true)) &&
           key_append(list, at_ns, stroke->usage, true) &&
           key_append(list, up_ns, stroke->usage, false) &&
           (!stroke->shifted || key_append(list, up_ns, KEY_SHIFT, false));
}

static int compare_keys(const void *a, const void *b)
{
    const struct scn_key_event *x = a;
    const struct scn_key_event *y = b;
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static enum status no_key(const struct key_list *list, const struct scn_item *item,
                          const char *field, const char *name)
{
    char found[DOCUMENT_FOUND_MAX];
    const char *nearest = key_nearest(name);
    text_found(name, found);
    return FAIL(list, item, field,
                "expected the name of a key such as Enter, Left or F1, found "
                "%s%s%s%s",
                found, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                nearest ? "'?" : "");
}

static enum status entry_expand(struct key_list *list, const struct scn_typing *typing,
                                const struct scn_item *item)
{
    if (!!typing->keys + !!typing->press + !!typing->release != 1) {
        return FAIL(list, item, "keys",
                    "expected one of 'keys', 'press' and 'release' in each entry");
    }
    bool fits = true;
    if (!typing->keys) {
        const char *name = typing->press ? typing->press : typing->release;
        uint32_t usage = key_find(name);
        if (!usage) {
            return no_key(list, item, typing->press ? "press" : "release", name);
        }
        fits = key_append(list, typing->at_ns, usage, typing->press != NULL);
    }
    uint64_t at_ns = typing->at_ns;
    for (const char *next = typing->keys; next && *next && fits; at_ns += typing->every_ns) {
        struct key_stroke stroke;
        if (!key_take(&next, &stroke)) {
            char found[DOCUMENT_FOUND_MAX];
            text_found(next, found);
            return FAIL(list, item, "keys",
                        "expected what a US keyboard types, and <NAME> for other keys; there is no "
                        "key for what begins %s",
                        found);
        }
        if (at_ns > SCN_TIME_MAX_NS) {
            return FAIL(list, item, "every", "expected the last key within a year of the start");
        }
        fits = stroke_append(list, at_ns, typing->every_ns, &stroke);
    }
    return fits ? STATUS_OK
                : FAIL(list, item, "at", "expected at most %u keys going down or up in a group",
                       SCN_KEY_EVENTS_MAX);
}

enum status typing_expand(const struct scn_document *document, const struct scn_item *item,
                          struct scn_group *group, struct error *error)
{
    struct key_list list = {.document = document, .error = error};
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < group->typing_count && status == STATUS_OK; i++) {
        const struct scn_item *place = item_child(item, "keyboard")->children[i];
        if (i > 0 && group->typings[i].at_ns < group->typings[i - 1].at_ns) {
            status = FAIL(&list, place, "at", "expected a time not before the entry above");
        } else {
            status = entry_expand(&list, &group->typings[i], place);
        }
    }
    if (list.count) {
        qsort(list.events, list.count, sizeof *list.events, compare_keys);
    }
    group->key_events = list.events;
    group->key_event_count = list.count;
    return status;
}
