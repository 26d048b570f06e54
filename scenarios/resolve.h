/*
 * From a document to a scenario: every field read by the schema, every default filled. What depends
 * on more than one field is check.c's.
 */
#ifndef DENALI_SCENARIOS_RESOLVE_H
#define DENALI_SCENARIOS_RESOLVE_H

#include "document.h"
#include "schema.h"

struct scn_scenario;
struct scn_group;

/* Fills a zeroed struct from a mapping; what was filled before an error stays for schema_free. */
enum status resolve_section(const struct scn_document *document,
                            const struct schema_section *section, const struct scn_item *item,
                            void *base, struct error *error) MUST_USE;

/* The rules across fields, and what is derived from them. The document is the scenario's. */
enum status check_scenario(struct scn_scenario *scenario, struct error *error) MUST_USE;

/* Which host each group is on, and whether the hosts can do what is asked of them. */
enum status check_hosts(struct scn_scenario *scenario, struct error *error) MUST_USE;
/* The volumes of hosts, by themselves. */
enum status check_volumes(struct scn_scenario *scenario, struct error *error) MUST_USE;
/* A disk, or a volume, by its item: that it is as large as its image; one of no size is given that.
 */
enum status check_disk_size(const struct scn_document *document, const struct scn_item *item,
                            const char *image_path, uint64_t *size_bytes,
                            struct error *error) MUST_USE;
/* The same of their memory and disks, once disks' sizes are known. */
enum status check_host_room(const struct scn_scenario *scenario, struct error *error) MUST_USE;

/* The keys that a group's `keyboard` presses and releases; item is the group's. */
enum status typing_expand(const struct scn_document *document, const struct scn_item *item,
                          struct scn_group *group, struct error *error) MUST_USE;

/* Why a guest could not mount a file as an archive, by its first header; NULL if it could. */
const char *archive_problem(const char *path) MUST_USE;

/* Frees what a struct's fields own, not the struct. */
void schema_free(const struct schema_section *section, void *base);

/* A letter, then letters, digits, - and _; at most SCN_NAME_MAX bytes. */
bool name_is_valid(const char *text);

#endif
