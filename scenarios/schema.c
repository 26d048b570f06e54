/*
 * The table of every field of a scenario file.
 */
#include "schema_table.h"

#include <string.h>

#include "base/assert.h"
#include "units.h"

static const char *const network_types[] = {"wan", "lan"};
static const char *const network_services[] = {"dhcp", "dns"};
static const char *const group_cards[] = {"nic", "pcnet"};
static const char *const action_words[] = {
    "pause",        "resume",        "destroy",        "start",     "weight",
    "cap",          "memory_floor",  "memory_ceiling", "send_rate", "send_burst",
    "receive_rate", "receive_burst", "disk",           "snapshot",  "start_from",
    "discard",      "disk_rate",     "attach",         "detach"};
const char *const schema_statistics[SCHEMA_STATISTICS] = {"count", "mean", "min", "max", "p50",
                                                          "p90",   "p95",  "p99", "sum"};

const char *scn_action_text(uint32_t action)
{
    return action < COUNT(action_words) ? action_words[action] : NULL;
}

const char *scn_statistic_text(uint32_t statistic)
{
    return statistic < SCHEMA_STATISTICS ? schema_statistics[statistic] : NULL;
}

#define OWNER scn_scenario
static const struct schema_field general_fields[] = {
    {"name", SCHEMA_NAME, AT(name), DERIVED("the file's name"),
     .meaning = "Names the run and its directory."},
    {"description", SCHEMA_TEXT, AT(description), DEFAULT(""), .meaning = "For people."},
    {"seed", SCHEMA_NUMBER, AT(seed), DEFAULT("1"), RANGE(0, UINT64_MAX),
     .meaning = "Every random stream of the run comes from it; `--seed` overrides it."},
    {"duration", SCHEMA_TIME, AT(duration_ns), REQUIRED, RANGE(1, TIME_MAX),
     .meaning = "Virtual time at which the run ends, if its nodes have not all ended before."},
};
#undef OWNER

#define OWNER scn_network
static const struct schema_field network_fields[] = {
    {"name", SCHEMA_NAME, AT(name), REQUIRED, .meaning = "What groups call it."},
    {"type", SCHEMA_CHOICE, AT(type), REQUIRED, .choices = network_types,
     .choice_count = COUNT(network_types),
     .meaning = "`wan`: an access link per node and a core that only delays. `lan`: one switch."},
    {"subnet", SCHEMA_SUBNET, AT(subnet_address), BESIDE(subnet_prefix_length),
     DEFAULT("10.0.0.0/8"), RANGE(8, 30),
     .meaning = "Addresses for its nodes; prefix length 8 to 30. A `wan` uses four addresses for "
                "each node, "
                "which has a gateway of its own."},
    {"services", SCHEMA_SET, AT(services), DEFAULT("dns"), .choices = network_services,
     .choice_count = COUNT(network_services),
     .meaning =
         "What the network does for its nodes, at the gateway of a `wan`, at the first "
         "address of a `lan`. `dns`: nodes find each other by name, `<node>` or "
         "`<node>.denali`, whatever its case. `dhcp`: nodes are not told their addresses but "
         "ask for them when they start. `[]` for neither."},
    {"delay", SCHEMA_TIME, AT(delay_ns), OPTIONAL, RANGE(US, LATENCY_MAX), .types = WAN,
     .meaning = "One-way delay of the core between any two nodes. Either this or `matrix`."},
    {"matrix", SCHEMA_PATH, AT(matrix_path), OPTIONAL, .path = SCN_PATH_MATRIX, .types = WAN,
     .meaning = "File of measured round-trip times between sites, relative to the scenario file; "
                "half of one is the one-way delay. Nodes beyond the number of sites share sites."},
    {"site_delay", SCHEMA_TIME, AT(site_delay_ns), DERIVED("250us with `matrix`"),
     RANGE(US, LATENCY_MAX), .types = WAN,
     .meaning = "One-way delay between nodes of the same site. Only with `matrix`."},
    {"up", SCHEMA_RATE, AT(up_bps), DEFAULT("100Mbit"), RANGE(1000, RATE_MAX), .types = WAN,
     .meaning = "Rate of the access link from a node."},
    {"down", SCHEMA_RATE, AT(down_bps), DEFAULT("100Mbit"), RANGE(1000, RATE_MAX), .types = WAN,
     .meaning = "Rate of the access link to a node."},
    {"queue_up", SCHEMA_SIZE, AT(queue_up_bytes), DEFAULT("128KiB"), RANGE(1514, GIB), .types = WAN,
     .meaning = "Bytes that wait for the uplink at most; a frame beyond is dropped."},
    {"queue_down", SCHEMA_SIZE, AT(queue_down_bytes), DEFAULT("128KiB"), RANGE(1514, GIB),
     .types = WAN, .meaning = "The same for the downlink."},
    {"access_latency", SCHEMA_TIME, AT(access_latency_ns), DEFAULT("0s"), RANGE(0, LATENCY_MAX),
     .types = WAN,
     .meaning = "Propagation delay of the access link, each way, on top of the core's."},
    {"rate", SCHEMA_RATE, AT(rate_bps), DEFAULT("1Gbit"), RANGE(1000, RATE_MAX), .types = LAN,
     .meaning = "Rate of each port, both ways."},
    {"latency", SCHEMA_TIME, AT(latency_ns), DEFAULT("50us"), RANGE(2 * US, LATENCY_MAX),
     .multiple = 2, .types = LAN,
     .meaning = "One-way delay from node to node through the switch, half of it on each cable."},
    {"queue", SCHEMA_SIZE, AT(queue_bytes), DEFAULT("128KiB"), RANGE(1514, GIB), .types = LAN,
     .meaning = "Bytes that wait for a port at most; a frame beyond is dropped."},
};
#undef OWNER

#define OWNER scn_allow
static const struct schema_field allow_fields[] = {
    {"group", SCHEMA_TEXT, AT(group), OPTIONAL,
     .meaning = "Name of a group on the same network. Either this or `subnet`."},
    {"subnet", SCHEMA_SUBNET, AT(subnet_address), BESIDE(subnet_prefix_length), OPTIONAL,
     RANGE(1, 32), .meaning = "Addresses, such as `10.0.0.7/32`."},
    {"port", SCHEMA_NUMBER, AT(port), OPTIONAL, RANGE(1, 65535),
     .meaning = "UDP or TCP port at their side; without it every port, and all other IPv4 too."},
};
static const struct schema_section allow_section = {
    .title = "groups[].limits.allow[]",
    .meaning = "Whom the nodes of the group may talk to; each entry has one of `group` and "
               "`subnet`. With any entry, a frame that is neither IPv4 nor ARP, or not to or from "
               "one of these, is dropped at the node's port (`send_denied`, `receive_denied`). The "
               "gateway and the network's own services are always allowed.",
    .size_bytes = sizeof(struct scn_allow),
    .fields = allow_fields,
    .field_count = COUNT(allow_fields),
};
#undef OWNER

#define OWNER scn_limits
static const struct schema_field limit_fields[] = {
    {"memory", SCHEMA_SIZE, AT(memory_bytes), OPTIONAL, RANGE(4 * KIB, 3 * GIB),
     .multiple = 4 * KIB,
     .meaning = "Memory that the node has written, in whole pages. A store that needs a page more "
                "is a fault of the guest."},
    {"memory_floor", SCHEMA_SIZE, AT(memory_floor_bytes), OPTIONAL, RANGE(4 * KIB, 3 * GIB),
     .multiple = 4 * KIB,
     .meaning = "On a host that pages: so much of what the node has in memory is taken from it "
                "by nobody."},
    {"memory_ceiling", SCHEMA_SIZE, AT(memory_ceiling_bytes), OPTIONAL, RANGE(4 * KIB, 3 * GIB),
     .multiple = 4 * KIB,
     .meaning = "On a host that pages: what the node has in memory at most, pages of its image "
                "not counted; beyond, its own are replaced. At least 8 blocks."},
    {"network", SCHEMA_RATE, AT(network_bps), OPTIONAL, RANGE(1000, RATE_MAX),
     .meaning = "Rate at which the node may send: its uplink is no faster."},
    {"disk", SCHEMA_SIZE, AT(disk_bytes), OPTIONAL, RANGE(4 * KIB, 1024 * GIB), .multiple = 4 * KIB,
     .meaning = "Bytes that the node may write to its disks, in whole blocks, each counted once "
                "however often it is written. A write beyond fails in the guest."},
    {"disk_rate", SCHEMA_RATE, AT(disk_rate_bps), OPTIONAL, RANGE(1000, RATE_MAX),
     .meaning = "Rate at which the node reads and writes its disks, all together: a request begins "
                "no sooner than the block before it has passed at that rate. On a host that pages "
                "what is moved for it keeps to that too: it waits until so much has passed."},
    {"processor_cap", SCHEMA_NUMBER, AT(processor_cap), OPTIONAL, RANGE(1, 100),
     .meaning = "Percent of one processor of its host that the node has at most in every `period`, "
                "the kernel's work for it included, even if nobody else wants it. What an "
                "operation took beyond is taken off the next period's. Only with `host`."},
    {"bind_address", SCHEMA_BOOL, AT(bind_address), DERIVED("`true` with `host`, else `false`"),
     .meaning = "What the node sends must come from its own MAC and IPv4 address, in ARP too; else "
                "it is dropped at its port (`spoofed`). A `wan` checks the IPv4 address anyway."},
    {"send_rate", SCHEMA_RATE, AT(send_bps), OPTIONAL, RANGE(1000, RATE_MAX),
     .meaning = "Token bucket on what the node sends: a frame beyond it is dropped at the port "
                "(`send_rate`) instead of waiting, as it does for `network`."},
    {"send_burst", SCHEMA_SIZE, AT(send_burst_bytes), DERIVED("64KiB with `send_rate`"),
     RANGE(1514, GIB), .meaning = "What that bucket holds. Only with `send_rate`."},
    {"receive_rate", SCHEMA_RATE, AT(receive_bps), OPTIONAL, RANGE(1000, RATE_MAX),
     .meaning = "The same for what reaches the node (`receive_rate`)."},
    {"receive_burst", SCHEMA_SIZE, AT(receive_burst_bytes), DERIVED("64KiB with `receive_rate`"),
     RANGE(1514, GIB), .meaning = "What that bucket holds. Only with `receive_rate`."},
    {"allow", SCHEMA_LIST, AT(allow), BESIDE(allow_count), OPTIONAL, RANGE(0, 256),
     .section = &allow_section, .meaning = "See groups[].limits.allow. Without it, everybody."},
};
static const struct schema_section limit_section = {
    .title = "groups[].limits",
    .meaning = "What each node of the group may use at most; without one, the machine's own bounds "
               "hold.",
    .size_bytes = sizeof(struct scn_limits),
    .fields = limit_fields,
    .field_count = COUNT(limit_fields),
};
#undef OWNER

#define OWNER scn_input
static const struct schema_field input_fields[] = {
    {"at", SCHEMA_TIME, AT(at_ns), REQUIRED, RANGE(0, TIME_MAX),
     .meaning =
         "Virtual time at which it is typed, since the start of the run; after its end, never."},
    {"text", SCHEMA_TEXT, AT(text), REQUIRED,
     .meaning = "What is typed; write `\"...\\n\"` for a line with its end."},
};
static const struct schema_section input_section = {
    .title = "groups[].console_input[]",
    .meaning = "Text that arrives at the console of every node of the group, in order of time.",
    .size_bytes = sizeof(struct scn_input),
    .fields = input_fields,
    .field_count = COUNT(input_fields),
};
#undef OWNER

#define OWNER scn_disk
static const struct schema_field disk_fields[] = {
    {"name", SCHEMA_NAME, AT(name), REQUIRED,
     .meaning = "What guests find it by, and of the file that `keep` makes; 31 bytes at most."},
    {"size", SCHEMA_SIZE, AT(size_bytes), DERIVED("the image's, in whole blocks"),
     RANGE(4 * KIB, 1024 * GIB), .multiple = 4 * KIB,
     .meaning = "Its size; it has a block for each 4 KiB. What nobody has written costs nothing."},
    {"image", SCHEMA_PATH, AT(image_path), OPTIONAL, .path = SCN_PATH_DISK,
     .meaning = "File with what it holds at first, byte for byte, relative to the scenario file; "
                "the rest is zeros. All nodes share it and none changes it: what a node writes is "
                "that node's own."},
    {"read_only", SCHEMA_BOOL, AT(read_only), DEFAULT("false"), .meaning = "Writes are refused."},
    {"latency", SCHEMA_TIME, AT(latency_ns), DEFAULT("100us"), RANGE(0, LATENCY_MAX),
     .meaning = "Time from a request to its block, on top of the transfer."},
    {"rate", SCHEMA_RATE, AT(rate_bps), DEFAULT("4Gbit"), RANGE(1000, RATE_MAX),
     .meaning = "Rate of transfer: the blocks of a disk follow each other no faster."},
    {"on_host", SCHEMA_BOOL, AT(on_host), DEFAULT("false"),
     .meaning = "Each node's lies on a disk of its host, the one with most room left, and its "
                "requests compete there with all others; `latency` and `rate` say nothing then."},
    {"mount", SCHEMA_TEXT, AT(mount), OPTIONAL,
     .meaning = "Path in the guest, such as `/www`, where the guest kit shows the files of the "
                "ustar archive (`tar --format=ustar`) that the disk holds, for reading."},
    {"keep", SCHEMA_BOOL, AT(keep), DEFAULT("false"),
     .meaning = "At the end of the run, what it then holds goes to `nodes/<node>/<name>.img` of "
                "the run directory, one file a node."},
};
static const struct schema_section disk_section = {
    .title = "groups[].disks[]",
    .meaning = "Disks of each node of the group, numbered from 0 in this order. Reading and "
               "writing is by blocks of 4 KiB and takes virtual time.",
    .size_bytes = sizeof(struct scn_disk),
    .fields = disk_fields,
    .field_count = COUNT(disk_fields),
};
#undef OWNER

#define OWNER scn_file_entry
static const struct schema_field file_fields[] = {
    {"path", SCHEMA_TEXT, AT(path), REQUIRED,
     .meaning = "Where the guest sees it, such as `/etc/peers.txt`. For a folder, where what is in "
                "it is seen; `/` is possible."},
    {"text", SCHEMA_TEXT, AT(text), OPTIONAL,
     .meaning = "What the file holds, as it stands: no template. Either this or `from`."},
    {"from", SCHEMA_PATH, AT(from_path), OPTIONAL, .path = SCN_PATH_FILE,
     .meaning = "A file, or a folder with all that is in it, relative to the scenario file. "
                "Symbolic links are followed to files."},
};
static const struct schema_section file_section = {
    .title = "groups[].files[]",
    .meaning = "Files that every node of the group finds in its tree (docs/guest-kit.md). They are "
               "packed into one archive, which all nodes share and a node reads when its program "
               "does; what a node changes is its own. 256 MiB at most, beyond which a disk with a "
               "`mount` does. Their disk is called `files`.",
    .size_bytes = sizeof(struct scn_file_entry),
    .fields = file_fields,
    .field_count = COUNT(file_fields),
};
#undef OWNER

#define OWNER scn_typing
static const struct schema_field typing_fields[] = {
    {"at", SCHEMA_TIME, AT(at_ns), REQUIRED, RANGE(0, TIME_MAX),
     .meaning = "Virtual time, since the start of the run; what is after its end never happens."},
    {"keys", SCHEMA_TEXT, AT(keys), OPTIONAL,
     .meaning = "Text to type as on a US keyboard; `<NAME>` strikes a key by its name, such as "
                "`<Left>` or `<F1>`, and `<lt>` types a `<`."},
    {"every", SCHEMA_TIME, AT(every_ns), DEFAULT("10ms"), RANGE(0, TIME_MAX),
     .meaning = "Of `keys`: time from one stroke to the next; a key is held for half of it."},
    {"press", SCHEMA_TEXT, AT(press), OPTIONAL,
     .meaning = "Name of a key that goes down and stays so: a letter, a digit, a sign, or one of "
                "`Enter Escape Backspace Tab Space CapsLock F1`–`F12 Insert Home PageUp Delete End "
                "PageDown Right Left Down Up LeftControl LeftShift LeftAlt LeftGUI RightControl "
                "RightShift RightAlt RightGUI`."},
    {"release", SCHEMA_TEXT, AT(release), OPTIONAL, .meaning = "Name of a key that goes up."},
};
static const struct schema_section typing_section = {
    .title = "groups[].keyboard[]",
    .meaning = "What is done on the keyboard of every node of the group; each entry has one of "
               "`keys`, `press` and `release`. All together are at most 65536 keys going down or "
               "up. A guest that leaves 64 of them waiting loses those that follow.",
    .size_bytes = sizeof(struct scn_typing),
    .fields = typing_fields,
    .field_count = COUNT(typing_fields),
};
#undef OWNER

#define OWNER scn_group
static const struct schema_field group_fields[] = {
    {"name", SCHEMA_NAME, AT(name), REQUIRED,
     .meaning = "A node is called `<name>-<index>`, or `<name>` if it is the group's only one."},
    {"image", SCHEMA_PROGRAM, AT(image), BESIDE(image_is_path), REQUIRED,
     .meaning = "What its nodes boot: an ELF32 file, relative to the scenario file, or the bare "
                "name of a program of this build, such as `kademlia`."},
    {"count", SCHEMA_NUMBER, AT(count), DEFAULT("1"), RANGE(1, SCN_NODES_MAX),
     .meaning = "Nodes. All groups together have at most 1000000."},
    {"scale", SCHEMA_BOOL, AT(scale), DEFAULT("false"),
     .meaning = "`--nodes N` gives this group the count that makes N nodes in all. Without one, "
                "the largest group."},
    {"network", SCHEMA_NAME, AT(network_name), REQUIRED,
     .meaning = "Name of a network, or `none` for nodes that have none on purpose."},
    {"card", SCHEMA_CHOICE, AT(card), DEFAULT("nic"), .choices = group_cards,
     .choice_count = COUNT(group_cards),
     .meaning = "Its nodes' network card: `nic`, which takes one instruction to send a frame and "
                "one to receive it, or `pcnet`, which is programmed by registers as an AMD PCnet "
                "is. The guest kit drives either."},
    {"arguments", SCHEMA_TEXTS, AT(arguments), BESIDE(argument_count), OPTIONAL, RANGE(0, 256),
     .meaning = "The program's arguments, without its own name. Templates."},
    {"environment", SCHEMA_VARIABLES, AT(environment), BESIDE(variable_count), OPTIONAL,
     RANGE(0, 256),
     .meaning = "The program's environment, `NAME: value`. Values are templates. Names that begin "
                "with `DENALI_` are the machine's own."},
    {"memory", SCHEMA_SIZE, AT(memory_bytes), DEFAULT("16MiB"), RANGE(64 * KIB, 3 * GIB),
     .multiple = 4 * KIB, .meaning = "Memory of each node."},
    {"cpu_hz", SCHEMA_FREQUENCY, AT(cpu_hz), DEFAULT("100MHz"), RANGE(1000, 100000000000),
     .meaning = "Instructions per virtual second of each node; on a host, the host's."},
    {"start", SCHEMA_TIME, AT(start_ns), DEFAULT("0s"), RANGE(0, TIME_MAX),
     .meaning = "Virtual time at which its nodes start; those after the end of the run never do."},
    {"spread", SCHEMA_TIME, AT(spread_ns), DEFAULT("0s"), RANGE(0, TIME_MAX),
     .meaning = "Each node starts uniformly at random within this time after `start`."},
    {"site", SCHEMA_NUMBER, AT(site), OPTIONAL, RANGE(0, 4095), .absent = SCN_SITE_ANY,
     .meaning = "Row of the network's matrix, from 0, where all its nodes are. Without it the "
                "network spreads them over its sites."},
    {"host", SCHEMA_NAME, AT(host_name), OPTIONAL,
     .meaning = "Name of the `hosts` that its nodes share, at whose speed they run. Without it "
                "each has a processor of its own."},
    {"reserve", SCHEMA_NUMBER, AT(reserve), OPTIONAL, RANGE(1, 100),
     .meaning = "Percent of a processor of its host that each node is guaranteed in every "
                "`period`; within it the node is told of interrupts at once. Reservations that a "
                "host cannot keep are refused."},
    {"weight", SCHEMA_NUMBER, AT(weight), OPTIONAL, RANGE(1, SCN_WEIGHT_MAX), .absent = 1,
     .meaning =
         "Quanta that each node has in a row when it is its turn on its host, 1 if not given: "
         "its share beside others that want as much."},
    {"supervisor", SCHEMA_BOOL, AT(supervisor), DERIVED("`false`"),
     .meaning = "The node is in charge of the other machines of its host, of which it has the "
                "supervisor's device (docs/hosts.md). A host has one at most."},
    {"limits", SCHEMA_SECTION, AT(limits), OPTIONAL, .section = &limit_section,
     .meaning = "See groups[].limits."},
    {"console_input", SCHEMA_LIST, AT(inputs), BESIDE(input_count), OPTIONAL, RANGE(0, 1024),
     .section = &input_section, .meaning = "See groups[].console_input."},
    {"disks", SCHEMA_LIST, AT(disks), BESIDE(disk_count), OPTIONAL, RANGE(0, SCN_DISKS_MAX),
     .section = &disk_section, .meaning = "See groups[].disks."},
    {"files", SCHEMA_LIST, AT(files), BESIDE(file_count), OPTIONAL, RANGE(0, 1024),
     .section = &file_section, .meaning = "See groups[].files."},
    {"archive", SCHEMA_PATH, AT(archive_path), OPTIONAL, .path = SCN_PATH_ARCHIVE,
     .meaning = "Instead of `files`: a ustar archive (`tar --format=ustar`) that holds them. It is "
                "what a run directory's scenario has."},
    {"keyboard", SCHEMA_LIST, AT(typings), BESIDE(typing_count), OPTIONAL, RANGE(0, 1024),
     .section = &typing_section,
     .meaning = "See groups[].keyboard. A group without this has no keyboards."},
    {"screen", SCHEMA_EXTENT, AT(screen_width), BESIDE(screen_height), OPTIONAL,
     RANGE(1, SCN_SCREEN_SIDE_MAX),
     .meaning = "Size of the screen of each node in pixels, such as `640x480`; `--screenshot` "
                "shows it. A group without this has no screens."},
};
#undef OWNER

#define OWNER scn_expectation
static const struct schema_field expectation_fields[] = {
    {"name", SCHEMA_TEXT, AT(name), DERIVED("from the other fields"),
     .meaning = "How it is called in the summary."},
    {"metric", SCHEMA_METRIC, AT(metric), REQUIRED,
     .meaning = "What guests observe, such as `lookup.success`, or a counter of the run: "
                "`run.instructions`, `run.frames_sent`, `run.frames_delivered`, "
                "`run.frames_dropped`, `run.nodes_up`, `run.nodes_terminated`, "
                "`run.nodes_queued` (wait for their host's memory), `run.nodes_failed` (ended with "
                "another exit code than 0) or `run.faults`."},
    {"statistic", SCHEMA_CHOICE, AT(statistic), DEFAULT("mean"), .choices = schema_statistics,
     .choice_count = SCHEMA_STATISTICS,
     .meaning = "Which statistic of the metric, over all nodes. A counter of the run is a single "
                "value, which each statistic but `count` gives."},
    {"at_least", SCHEMA_BOUND, AT(at_least), OPTIONAL, .meaning = "Least value that passes."},
    {"at_most", SCHEMA_BOUND, AT(at_most), OPTIONAL, .meaning = "Greatest value that passes."},
    {"equals", SCHEMA_BOUND, AT(equals), OPTIONAL, .meaning = "The only value that passes; alone."},
};
#undef OWNER

#define OWNER scn_action
static const struct schema_field action_fields[] = {
    {"at", SCHEMA_TIME, AT(at_ns), REQUIRED, RANGE(0, TIME_MAX),
     .meaning = "Virtual time, since the start of the run, no earlier than that of the entry "
                "before."},
    {"action", SCHEMA_CHOICE, AT(action), REQUIRED, .choices = action_words,
     .choice_count = COUNT(action_words),
     .meaning =
         "`pause`: it has no processor until `resume`. `destroy`: it ends. `start`: one that "
         "is off or has ended starts, with new memory and the disks that it had. `weight` "
         "and `cap`: from now on as `groups[].weight` and `limits.processor_cap` say; the others "
         "likewise as the field of `limits` with that name. `snapshot`: its state is kept as the "
         "host's snapshot number `value`. `start_from`: like `start`, but it goes on as that "
         "snapshot was. `discard`: the snapshot is forgotten. `attach`: it is given volume `value` "
         "of its host; `detach`: that is taken from it."},
    {"group", SCHEMA_NAME, AT(group), REQUIRED, .meaning = "Of the nodes; on a host."},
    {"index", SCHEMA_NUMBER, AT(index), OPTIONAL, RANGE(0, SCN_NODES_MAX - 1),
     .absent = SCN_INDEX_ALL, .meaning = "Which node of the group; without it all of them."},
    {"value", SCHEMA_NUMBER, AT(value), OPTIONAL, RANGE(0, SCN_WEIGHT_MAX),
     .meaning =
         "Of `weight` and `cap`; a cap of 0 is none. Of `snapshot`, `start_from` and "
         "`discard` the number of the snapshot on its host, from 0; of `attach` and `detach` "
         "that of the volume."},
    {"size", SCHEMA_SIZE, AT(size_bytes), OPTIONAL, RANGE(0, 1024 * GIB),
     .meaning = "Of `memory_floor`, `memory_ceiling`, `disk`, `send_burst` and `receive_burst`; "
                "0: no such limit, and of a burst 64KiB."},
    {"rate", SCHEMA_RATE, AT(rate_bps), OPTIONAL, RANGE(0, RATE_MAX),
     .meaning = "Of `send_rate`, `receive_rate` and `disk_rate`; 0: no limit."},
};
#undef OWNER

static const struct schema_section action_section = {
    .title = "schedule[]",
    .meaning =
        "What is done to machines of hosts in the course of the run. One that has a "
        "processor at that moment keeps it until its slice is over; what cannot be done to a "
        "machine as it then is, such as ending it twice, is left out.",
    .size_bytes = sizeof(struct scn_action),
    .fields = action_fields,
    .field_count = COUNT(action_fields),
};
static const struct schema_section general_section = {
    .title = "general",
    .meaning = "The experiment as a whole.",
    .size_bytes = sizeof(struct scn_scenario),
    .fields = general_fields,
    .field_count = COUNT(general_fields),
};
static const struct schema_section network_section = {
    .title = "networks[]",
    .meaning = "Networks do not touch each other. A network is of type `wan` or `lan`, and has the "
               "fields of its type.",
    .size_bytes = sizeof(struct scn_network),
    .type_field = "type",
    .fields = network_fields,
    .field_count = COUNT(network_fields),
};
static const struct schema_section group_section = {
    .title = "groups[]",
    .meaning = "Groups of like nodes. Nodes are numbered from 0, group after group in the order of "
               "the file.",
    .size_bytes = sizeof(struct scn_group),
    .fields = group_fields,
    .field_count = COUNT(group_fields),
};
static const struct schema_section expectation_section = {
    .title = "expectations[]",
    .meaning = "What must hold at the end of the run; one that does not makes the exit code 1. At "
               "least one bound is given.",
    .size_bytes = sizeof(struct scn_expectation),
    .fields = expectation_fields,
    .field_count = COUNT(expectation_fields),
};

#define OWNER scn_scenario
static const struct schema_field scenario_fields[] = {
    {"include", SCHEMA_INCLUDE, .offset = 0, OPTIONAL,
     .meaning = "Scenario files that this one builds on, relative to it: see Includes."},
    {"parameters", SCHEMA_VALUES, .offset = 0, OPTIONAL,
     .meaning = "Values by name, for `${param.NAME}` anywhere: see Parameters."},
    {"general", SCHEMA_SECTION, .offset = 0, REQUIRED, .section = &general_section,
     .meaning = "The experiment as a whole."},
    {"networks", SCHEMA_LIST, AT(networks), BESIDE(network_count), OPTIONAL, RANGE(0, 256),
     .section = &network_section, .meaning = "The networks that groups are on."},
    {"hosts", SCHEMA_LIST, AT(hosts), BESIDE(host_count), OPTIONAL, RANGE(0, 256),
     .section = &schema_host, .meaning = "What nodes share processors on."},
    {"groups", SCHEMA_LIST, AT(groups), BESIDE(group_count), REQUIRED, RANGE(1, 1024),
     .section = &group_section, .meaning = "The nodes."},
    {"schedule", SCHEMA_LIST, AT(actions), BESIDE(action_count), OPTIONAL, RANGE(0, 4096),
     .section = &action_section, .meaning = "What is done to machines of hosts, and when."},
    {"expectations", SCHEMA_LIST, AT(expectations), BESIDE(expectation_count), OPTIONAL,
     RANGE(0, 1024), .section = &expectation_section, .meaning = "What must hold at the end."},
};
#undef OWNER

const struct schema_section schema_scenario = {
    .title = "the file",
    .meaning = "A scenario file is a YAML mapping of these fields.",
    .size_bytes = sizeof(struct scn_scenario),
    .fields = scenario_fields,
    .field_count = COUNT(scenario_fields),
};

const struct schema_field *schema_find(const struct schema_section *section, const char *name)
{
    for (uint32_t i = 0; i < section->field_count; i++) {
        if (strcmp(section->fields[i].name, name) == 0) {
            return &section->fields[i];
        }
    }
    return NULL;
}

bool schema_applies(const struct schema_section *section, const struct schema_field *field,
                    const void *base)
{
    if (section->type_field == NULL || field->types == 0) {
        return true;
    }
    const struct schema_field *type = schema_find(section, section->type_field);
    return (field->types >> *SCHEMA_OF(uint32_t, base, type->offset) & 1) != 0;
}

bool schema_is_text(enum schema_kind kind)
{
    return kind == SCHEMA_NAME || kind == SCHEMA_TEXT || kind == SCHEMA_METRIC ||
           kind == SCHEMA_PROGRAM || kind == SCHEMA_PATH;
}

bool schema_is_quantity(enum schema_kind kind)
{
    return kind == SCHEMA_NUMBER || kind == SCHEMA_TIME || kind == SCHEMA_RATE ||
           kind == SCHEMA_SIZE || kind == SCHEMA_FREQUENCY;
}

int schema_unit(enum schema_kind kind)
{
    switch (kind) {
    case SCHEMA_NUMBER:
        return UNIT_NUMBER;
    case SCHEMA_TIME:
        return UNIT_TIME;
    case SCHEMA_RATE:
        return UNIT_RATE;
    case SCHEMA_SIZE:
        return UNIT_SIZE;
    case SCHEMA_FREQUENCY:
        return UNIT_FREQUENCY;
    default:
        UNREACHABLE();
    }
}

bool schema_is_gone(enum schema_kind kind)
{
    return kind == SCHEMA_INCLUDE || kind == SCHEMA_VALUES;
}

bool schema_present(const struct schema_field *field, const void *base)
{
    if (schema_is_gone(field->kind)) {
        return false;
    }
    if (field->presence == SCHEMA_REQUIRED || field->presence == SCHEMA_DEFAULT) {
        return true;
    }
    if (schema_is_text(field->kind)) {
        return *SCHEMA_OF(char *, base, field->offset) != NULL;
    }
    if (schema_is_quantity(field->kind)) {
        return *SCHEMA_OF(uint64_t, base, field->offset) != field->absent;
    }
    if (field->kind == SCHEMA_BOUND) {
        return SCHEMA_OF(struct scn_bound, base, field->offset)->text != NULL;
    }
    if (field->kind == SCHEMA_BOOL) {
        return *SCHEMA_OF(bool, base, field->offset);
    }
    if (field->kind == SCHEMA_EXTENT) {
        return *SCHEMA_OF(uint32_t, base, field->offset) != 0;
    }
    if (field->kind == SCHEMA_SECTION) {
        const struct schema_section *section = field->section;
        for (uint32_t i = 0; i < section->field_count; i++) {
            if (schema_present(&section->fields[i], SCHEMA_OF(char, base, field->offset))) {
                return true;
            }
        }
        return false;
    }
    return *SCHEMA_OF(uint32_t, base, field->beside) > 0; /* a list */
}
