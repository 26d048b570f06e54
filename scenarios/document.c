/*
 * The tree of items: how libyaml's events become one within bounds, and how it is freed. Places and
 * messages are in item.c, overrides in override.c.
 */
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/alloc.h"
#include "parse.h"
#include "scenarios/scenario.h"

/* One parse: of a file, or of the value of an override. */
struct parse {
    struct scn_document *document;
    const char *name; /* what messages call the text: the path, or the option */
    struct parse_origin origin;
    struct error *error;
    const char *text; /* not ended by a NUL */
    size_t size_bytes;
    yaml_parser_t parser;
};

void item_destroy(struct scn_item *item)
{
    if (item == NULL) {
        return;
    }
    for (uint32_t i = 0; i < item->child_count; i++) {
        item_destroy(item->children[i]);
    }
    free(item->children);
    free(item->key);
    free(item->text);
    free(item->parameter);
    free(item);
}

static int parse_line(const struct parse *parse, yaml_mark_t mark)
{
    return parse->origin.option != NULL ? 0 : (int)mark.line + 1;
}

static enum status parse_fail(const struct parse *parse, yaml_mark_t mark, const char *message)
{
    return error_set(parse->error, STATUS_INVALID, parse->name, parse_line(parse, mark), "%s",
                     message);
}

/* Braces end what is not quoted in [...] and {...}: does the line there have some after a '$'? */
static const char *brace_hint(const struct parse *parse, yaml_mark_t mark)
{
    const char *line = parse->text;
    const char *end = parse->text + parse->size_bytes;
    for (size_t i = 0; i < mark.line && line != NULL; i++) {
        line = memchr(line, '\n', (size_t)(end - line));
        line = line != NULL ? line + 1 : NULL;
    }
    for (; line != NULL && end - line >= 2 && *line != '\n'; line++) {
        if (line[0] == '$' && line[1] == '{') {
            return "; quote ${...} inside [...] and {...}: \"${...}\"";
        }
    }
    return "";
}

static enum status parse_event(struct parse *parse, yaml_event_t *event)
{
    if (yaml_parser_parse(&parse->parser, event)) {
        return STATUS_OK;
    }
    const yaml_parser_t *parser = &parse->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable text";
    if (parser->error == YAML_READER_ERROR) {
        return error_set(parse->error, STATUS_INVALID, parse->name, 0,
                         "expected YAML in UTF-8: %s at byte %zu", problem, parser->problem_offset);
    }
    int line = parse_line(parse, parser->problem_mark);
    if (parser->context != NULL) {
        return error_set(
            parse->error, STATUS_INVALID, parse->name, line,
            "expected YAML: %s, %s that starts on line %zu%s", problem, parser->context,
            parser->context_mark.line + 1,
            strstr(parser->context, "flow") != NULL ? brace_hint(parse, parser->problem_mark) : "");
    }
    return error_set(parse->error, STATUS_INVALID, parse->name, line, "expected YAML: %s", problem);
}

/* A scalar's text as a C string of its own; NULL and an error if it holds a NUL byte. */
static char *parse_text(struct parse *parse, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length) {
        parse_fail(parse, event->start_mark, "expected text without NUL characters");
        return NULL;
    }
    return alloc_text(text);
}

static struct scn_item *item_create(struct parse *parse, enum scn_item_kind kind,
                                    const yaml_event_t *event)
{
    struct scn_item *item = alloc_zeroed(1, sizeof *item);
    item->kind = kind;
    item->line = parse_line(parse, event->start_mark);
    item->option = parse->origin.option;
    item->source = parse->origin.source;
    parse->document->item_count++;
    return item;
}

void item_append(struct scn_item *parent, struct scn_item *child)
{
    if (parent->child_count == parent->child_capacity) {
        parent->child_capacity = parent->child_capacity == 0 ? 8 : parent->child_capacity * 2;
        parent->children =
            alloc_grow(parent->children, parent->child_capacity, sizeof *parent->children);
    }
    parent->children[parent->child_count++] = child;
    child->parent = parent;
}

static enum status parse_node(struct parse *parse, yaml_event_t *event, int depth,
                              struct scn_item **item);

static enum status parse_bounds(struct parse *parse, const struct scn_item *parent,
                                const yaml_event_t *event)
{
    if (parent->child_count >= DOCUMENT_CHILDREN_MAX) {
        return error_set(parse->error, STATUS_INVALID, parse->name,
                         parse_line(parse, event->start_mark),
                         "expected at most %d entries in a list or mapping", DOCUMENT_CHILDREN_MAX);
    }
    return STATUS_OK;
}

static enum status parse_list(struct parse *parse, struct scn_item *list, int depth)
{
    for (;;) {
        yaml_event_t event;
        enum status status = parse_event(parse, &event);
        if (status != STATUS_OK) {
            return status;
        }
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct scn_item *child = NULL;
        if (!end) {
            status = parse_bounds(parse, list, &event);
        }
        if (!end && status == STATUS_OK) {
            status = parse_node(parse, &event, depth + 1, &child);
        }
        yaml_event_delete(&event);
        if (status != STATUS_OK || end) {
            return status;
        }
        item_append(list, child);
    }
}

/* The key of a mapping's next entry; *key stays NULL at its end. */
static enum status parse_key(struct parse *parse, struct scn_item *mapping, char **key, int *line)
{
    yaml_event_t event;
    enum status status = parse_event(parse, &event);
    if (status != STATUS_OK) {
        return status;
    }
    if (event.type != YAML_MAPPING_END_EVENT) {
        status = parse_bounds(parse, mapping, &event);
        if (status == STATUS_OK && event.type == YAML_ALIAS_EVENT) {
            status = parse_fail(parse, event.start_mark,
                                "expected no alias: write the value out where it is used");
        }
        if (status == STATUS_OK && event.type != YAML_SCALAR_EVENT) {
            status = parse_fail(parse, event.start_mark,
                                "expected the name of a field, found a list or mapping");
        }
        if (status == STATUS_OK) {
            *line = parse_line(parse, event.start_mark);
            *key = parse_text(parse, &event);
            status = *key != NULL ? STATUS_OK : STATUS_INVALID;
        }
    }
    yaml_event_delete(&event);
    return status;
}

static enum status parse_mapping(struct parse *parse, struct scn_item *mapping, int depth)
{
    for (;;) {
        char *key = NULL;
        int line = 0;
        enum status status = parse_key(parse, mapping, &key, &line);
        if (status != STATUS_OK || key == NULL) {
            return status;
        }
        struct scn_item *twin = item_child(mapping, key);
        if (twin != NULL) {
            char found[DOCUMENT_FOUND_MAX];
            text_found(key, found);
            free(key);
            return error_set(parse->error, STATUS_INVALID, parse->name, line,
                             "expected each field once, found %s again (first on line %d)", found,
                             twin->line);
        }
        yaml_event_t event;
        status = parse_event(parse, &event);
        if (status != STATUS_OK) {
            free(key);
            return status;
        }
        struct scn_item *child = NULL;
        status = parse_node(parse, &event, depth + 1, &child);
        yaml_event_delete(&event);
        if (status != STATUS_OK) {
            free(key);
            return status;
        }
        child->key = key;
        child->line = line; /* of the key: where a person looks for the field */
        item_append(mapping, child);
    }
}

static enum status parse_node_refused(struct parse *parse, const yaml_event_t *event, int depth)
{
    const char *anchor = NULL;
    const char *tag = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        anchor = (const char *)event->data.scalar.anchor;
        tag = (const char *)event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = (const char *)event->data.sequence_start.anchor;
        tag = (const char *)event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = (const char *)event->data.mapping_start.anchor;
        tag = (const char *)event->data.mapping_start.tag;
        break;
    case YAML_ALIAS_EVENT:
    default:
        return parse_fail(parse, event->start_mark,
                          "expected no alias: write the value out where it is used");
    }
    if (anchor != NULL) {
        return parse_fail(parse, event->start_mark,
                          "expected no anchor ('&'): scenarios have none");
    }
    if (tag != NULL) {
        return parse_fail(parse, event->start_mark,
                          "expected no tag ('!'): quote text that begins with '!'");
    }
    if (depth > DOCUMENT_DEPTH_MAX) {
        return parse_fail(parse, event->start_mark,
                          "expected a scenario, found lists or mappings nested too deep");
    }
    if (parse->document->item_count >= DOCUMENT_ITEMS_MAX) {
        return parse_fail(parse, event->start_mark, "expected a scenario, found too many values");
    }
    return STATUS_OK;
}

static enum status parse_node(struct parse *parse, yaml_event_t *event, int depth,
                              struct scn_item **item)
{
    enum status status = parse_node_refused(parse, event, depth);
    if (status != STATUS_OK) {
        return status;
    }
    struct scn_item *new_item;
    if (event->type == YAML_SCALAR_EVENT) {
        char *text = parse_text(parse, event);
        if (text == NULL) {
            return STATUS_INVALID;
        }
        new_item = item_create(parse, SCN_ITEM_SCALAR, event);
        new_item->text = text;
        new_item->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        new_item = item_create(parse, SCN_ITEM_LIST, event);
        status = parse_list(parse, new_item, depth);
    } else {
        new_item = item_create(parse, SCN_ITEM_MAPPING, event);
        status = parse_mapping(parse, new_item, depth);
    }
    if (status != STATUS_OK) {
        item_destroy(new_item);
        return status;
    }
    *item = new_item;
    return STATUS_OK;
}

/* Takes the next event, which must come if the text is one document; other is set if it did not. */
static enum status parse_step(struct parse *parse, yaml_event_type_t expected, yaml_event_t *event,
                              bool *other)
{
    enum status status = parse_event(parse, event);
    *other = status == STATUS_OK && event->type != expected;
    return status;
}

static enum status parse_document(struct parse *parse, struct scn_item **root)
{
    yaml_event_t event;
    bool other;
    enum status status = parse_step(parse, YAML_STREAM_START_EVENT, &event, &other);
    if (status != STATUS_OK) {
        return status;
    }
    yaml_event_delete(&event);
    status = parse_step(parse, YAML_DOCUMENT_START_EVENT, &event, &other);
    if (status != STATUS_OK) {
        return status;
    }
    yaml_event_delete(&event);
    if (other) {
        return error_set(parse->error, STATUS_INVALID, parse->name, 0,
                         "expected a scenario, found nothing but white space and comments");
    }
    status = parse_event(parse, &event);
    if (status != STATUS_OK) {
        return status;
    }
    status = parse_node(parse, &event, 0, root);
    yaml_event_delete(&event);
    if (status != STATUS_OK) {
        return status;
    }
    status = parse_step(parse, YAML_DOCUMENT_END_EVENT, &event, &other);
    if (status != STATUS_OK) {
        return status;
    }
    yaml_event_delete(&event);
    status = parse_step(parse, YAML_STREAM_END_EVENT, &event, &other);
    if (status != STATUS_OK) {
        return status;
    }
    if (other) {
        status = parse_fail(parse, event.start_mark, "expected one YAML document, found a second");
    }
    yaml_event_delete(&event);
    return status;
}

enum status parse_tree(struct scn_document *document, const char *name, struct parse_origin origin,
                       const char *text, size_t size_bytes, struct scn_item **root,
                       struct error *error)
{
    struct parse parse = {.document = document,
                          .name = name,
                          .origin = origin,
                          .error = error,
                          .text = text,
                          .size_bytes = size_bytes};
    if (!yaml_parser_initialize(&parse.parser)) {
        return error_set(error, STATUS_NO_MEMORY, name, 0, "out of memory for the YAML parser");
    }
    yaml_parser_set_encoding(&parse.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parse.parser, (const unsigned char *)text, size_bytes);
    *root = NULL;
    enum status status = parse_document(&parse, root);
    if (status != STATUS_OK) {
        item_destroy(*root);
        *root = NULL;
    }
    yaml_parser_delete(&parse.parser);
    return status;
}

struct scn_item *item_remove(struct scn_item *parent, uint32_t index)
{
    struct scn_item *child = parent->children[index];
    memmove(parent->children + index, parent->children + index + 1,
            (parent->child_count - index - 1) * sizeof *parent->children);
    parent->child_count--;
    child->parent = NULL;
    return child;
}

static uint32_t index_of(const struct scn_item *item)
{
    uint32_t index = 0;
    while (item->parent->children[index] != item) {
        index++;
    }
    return index;
}

static void keep_replaced(struct scn_document *document, struct scn_item *item)
{
    document->replaced =
        alloc_grow(document->replaced, document->replaced_count + 1, sizeof(struct scn_item *));
    document->replaced[document->replaced_count++] = item;
}

void document_drop(struct scn_document *document, struct scn_item *item)
{
    keep_replaced(document, item_remove(item->parent, index_of(item)));
}

void document_replace(struct scn_document *document, struct scn_item *item, struct scn_item *other)
{
    item->parent->children[index_of(item)] = other;
    other->parent = item->parent;
    item->parent = NULL;
    keep_replaced(document, item);
}

enum status parse_root_check(const struct scn_item *root, const char *path, struct error *error)
{
    if (root->kind == SCN_ITEM_MAPPING) {
        return STATUS_OK;
    }
    char found[DOCUMENT_FOUND_MAX];
    item_found(root, found);
    return error_set(error, STATUS_INVALID, path, root->line,
                     "expected the fields general, networks, groups, ..., found %s", found);
}

char *document_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return alloc_text(".");
    }
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    char *directory = alloc_zeroed(length + 1, 1);
    memcpy(directory, path, length);
    return directory;
}

enum status document_parse(struct scn_document **document, const char *path, const char *text,
                           size_t size_bytes, struct error *error)
{
    if (size_bytes > SCN_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, path, 0,
                         "expected a scenario of at most %u bytes, found %zu", SCN_BYTES_MAX,
                         size_bytes);
    }
    if (size_bytes == 0) {
        return error_set(error, STATUS_INVALID, path, 0,
                         "expected a scenario, found an empty file");
    }
    struct scn_document *result = alloc_zeroed(1, sizeof *result);
    result->path = alloc_text(path);
    result->directory = document_directory(path);
    enum status status =
        parse_tree(result, path, (struct parse_origin){0}, text, size_bytes, &result->root, error);
    if (status == STATUS_OK) {
        status = parse_root_check(result->root, path, error);
    }
    if (status != STATUS_OK) {
        document_destroy(result);
        return status;
    }
    *document = result;
    return STATUS_OK;
}

/* Reads what fstat said is there, which may have shrunk since. */
static enum status read_all(int handle, const char *path, char *text, size_t *size_bytes,
                            struct error *error)
{
    size_t done = 0;
    while (done < *size_bytes) {
        ssize_t got = read(handle, text + done, *size_bytes - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set(error, STATUS_IO, path, 0, "cannot read: %s", strerror(errno));
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *size_bytes = done;
    return STATUS_OK;
}

enum status document_text(const char *path, char **text, size_t *size_bytes, struct error *error)
{
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (handle < 0) {
        return error_set(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path, 0,
                         "expected a YAML file: %s", strerror(errno));
    }
    struct stat info;
    enum status status = STATUS_OK;
    if (fstat(handle, &info) != 0 || !S_ISREG(info.st_mode)) {
        status = error_set(error, STATUS_INVALID, path, 0, "expected a YAML file, found %s",
                           S_ISDIR(info.st_mode) ? "a folder" : "something that is not a file");
    } else if (info.st_size > (off_t)SCN_BYTES_MAX) {
        status = error_set(error, STATUS_INVALID, path, 0,
                           "expected a scenario of at most %u bytes, found %lld", SCN_BYTES_MAX,
                           (long long)info.st_size);
    }
    if (status == STATUS_OK) {
        *size_bytes = (size_t)info.st_size;
        *text = alloc_zeroed(*size_bytes + 1, 1);
        status = read_all(handle, path, *text, size_bytes, error);
        if (status != STATUS_OK) {
            free(*text);
        }
    }
    close(handle);
    return status;
}

enum status document_read(struct scn_document **document, const char *path, struct error *error)
{
    char *text;
    size_t size_bytes;
    enum status status = document_text(path, &text, &size_bytes, error);
    if (status == STATUS_OK) {
        status = document_parse(document, path, text, size_bytes, error);
        free(text);
    }
    return status;
}

void document_destroy(struct scn_document *document)
{
    if (document == NULL) {
        return;
    }
    item_destroy(document->root);
    for (uint32_t i = 0; i < document->replaced_count; i++) {
        item_destroy(document->replaced[i]);
    }
    free(document->replaced);
    for (uint32_t i = 0; i < document->option_count; i++) {
        free(document->options[i]);
    }
    free(document->options);
    for (uint32_t i = 0; i < document->source_count; i++) {
        free(document->sources[i]->path);
        free(document->sources[i]->directory);
        free(document->sources[i]->identity);
        free(document->sources[i]);
    }
    free(document->sources);
    free(document->directory);
    free(document->path);
    free(document);
}
