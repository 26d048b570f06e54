/*
 * The table's part about hosts.
 */
#include "schema_table.h"

#define ROTATING (1u << SCN_HOST_DISK_ROTATING)
#define FLASH    (1u << SCN_HOST_DISK_FLASH)

static const char *const host_interrupts[] = {"batched", "immediate"};
static const char *const host_idling[] = {"wait", "spin"};
static const char *const host_disk_types[] = {"rotating", "flash"};
static const char *const disk_orders[] = {"scan", "fifo"};
static const char *const host_woken[] = {"first", "alternate"};

#define OWNER scn_costs
static const struct schema_field cost_fields[] = {
    {"switch", SCHEMA_TIME, AT(switch_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A processor goes on with another machine than it ran last."},
    {"crossing", SCHEMA_TIME, AT(crossing_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A machine is told of the interrupts that wait for it, however many."},
    {"interrupt", SCHEMA_TIME, AT(interrupt_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "An interrupt for a machine is taken in and noted. Paid when the machine runs."},
    {"trap", SCHEMA_TIME, AT(trap_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A machine asks the kernel for something: a port instruction, or `idle`."},
    {"frame_send", SCHEMA_TIME, AT(frame_send_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A machine sends a frame, on top of the trap."},
    {"frame_receive", SCHEMA_TIME, AT(frame_receive_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A machine takes a frame from its card, on top of the trap."},
    {"copy", SCHEMA_TIME, AT(copy_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A KiB of a frame is copied, either way; parts of it in proportion."},
    {"page_fault", SCHEMA_TIME, AT(page_fault_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A machine touches a page that is not in memory for it. One that is, but whose "
                "use or first write the host wants to notice, costs nothing."},
    {"page_fill", SCHEMA_TIME, AT(page_fill_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A page is filled with zeros, or with a copy of its image's, on top of the fault."},
    {"disk", SCHEMA_TIME, AT(disk_ns), OPTIONAL, RANGE(0, SECOND),
     .meaning = "A disk operation is begun, and its end is taken in. Paid when the machine that it "
                "is for runs."},
    {"snapshot_page", SCHEMA_TIME, AT(snapshot_page_ns), OPTIONAL, RANGE(0, MS),
     .meaning =
         "A page, or a block of a disk, goes into a snapshot of a machine or comes from one. "
         "Paid by the supervisor that asks for it; by the machine if it is the schedule."},
};
static const struct schema_section cost_section = {
    .title = "hosts[].costs",
    .meaning = "What the kernel's own work takes, in virtual time: inputs, not outcomes. What is "
               "not given takes none. All of it is charged to the machine it is done for "
               "(docs/hosts.md).",
    .size_bytes = sizeof(struct scn_costs),
    .fields = cost_fields,
    .field_count = COUNT(cost_fields),
};
#undef OWNER

#define OWNER scn_host_disk
static const struct schema_field host_disk_fields[] = {
    {"count", SCHEMA_NUMBER, AT(count), DEFAULT("1"), RANGE(1, 64),
     .meaning = "Disks like this; a host has at most 64 in all."},
    {"type", SCHEMA_CHOICE, AT(type), DEFAULT("rotating"), .choices = host_disk_types,
     .choice_count = COUNT(host_disk_types),
     .meaning = "`rotating`: one request at a time: seek, the wait for the sector, transfer. "
                "`flash`: channels side by side, each a latency and the transfer."},
    {"size", SCHEMA_SIZE, AT(size_bytes), REQUIRED, RANGE(MIB, 1024 * 1024 * GIB), .multiple = 512,
     .meaning = "Of each."},
    {"order", SCHEMA_CHOICE, AT(order), DEFAULT("scan"), .choices = disk_orders,
     .choice_count = COUNT(disk_orders),
     .meaning = "In which requests that wait are served. `scan`: the elevator."},
    {"overhead", SCHEMA_TIME, AT(overhead_ns), DEFAULT("100us"), RANGE(0, SECOND),
     .meaning = "Of a command; passes while the disk serves what came before."},
    {"rpm", SCHEMA_NUMBER, AT(rpm), DEFAULT("7200"), RANGE(1, 100000), .types = ROTATING,
     .meaning = "Revolutions per minute."},
    {"heads", SCHEMA_NUMBER, AT(heads), DEFAULT("4"), RANGE(1, 255), .types = ROTATING,
     .meaning = "Tracks of a cylinder."},
    {"sectors_per_track", SCHEMA_NUMBER, AT(sectors_per_track), DEFAULT("700"), RANGE(1, 65535),
     .types = ROTATING, .meaning = "Of 512 bytes, everywhere on the disk."},
    {"seek_track", SCHEMA_TIME, AT(seek_track_ns), DEFAULT("800us"), RANGE(0, SECOND),
     .types = ROTATING, .meaning = "Seek to the next cylinder."},
    {"seek_average", SCHEMA_TIME, AT(seek_average_ns), DEFAULT("8500us"), RANGE(0, SECOND),
     .types = ROTATING, .meaning = "Over a third of all cylinders; not less than `seek_track`."},
    {"seek_full", SCHEMA_TIME, AT(seek_full_ns), DEFAULT("17ms"), RANGE(0, SECOND),
     .types = ROTATING, .meaning = "Over all of them; not less than `seek_average`."},
    {"head_switch", SCHEMA_TIME, AT(head_switch_ns), DEFAULT("800us"), RANGE(0, SECOND),
     .types = ROTATING,
     .meaning = "To another track of the cylinder. Tracks are skewed so that reading on from one "
                "to the next just makes it."},
    {"channels", SCHEMA_NUMBER, AT(channels), DEFAULT("8"), RANGE(1, 64), .types = FLASH,
     .meaning = "Requests that are served at once."},
    {"read", SCHEMA_TIME, AT(read_ns), DEFAULT("80us"), RANGE(0, SECOND), .types = FLASH,
     .meaning = "Latency of a read."},
    {"write", SCHEMA_TIME, AT(write_ns), DEFAULT("20us"), RANGE(0, SECOND), .types = FLASH,
     .meaning = "Latency of a write."},
    {"rate", SCHEMA_RATE, AT(rate_bps), DEFAULT("3200Mbit"), RANGE(8000, RATE_MAX), .multiple = 8,
     .types = FLASH, .meaning = "Of one channel."},
};
static const struct schema_section host_disk_section = {
    .title = "hosts[].disks[]",
    .meaning = "Disks of each host. Images and the nodes' swap regions lie on them, each region on "
               "the disk with most room left; requests compete in the disk's queue.",
    .size_bytes = sizeof(struct scn_host_disk),
    .type_field = "type",
    .fields = host_disk_fields,
    .field_count = COUNT(host_disk_fields),
};
#undef OWNER

#define OWNER scn_paging
static const struct schema_field paging_fields[] = {
    {"block", SCHEMA_SIZE, AT(block_bytes), OPTIONAL, RANGE(4 * KIB, MIB), .multiple = 4 * KIB,
     .meaning = "The paging block: what is read, written, aged and evicted as one; a power of two. "
                "With it the host pages."},
    {"window", SCHEMA_TIME, AT(window_ns), DERIVED("1s with `block`"), RANGE(1, 3600 * SECOND),
     .meaning = "Of a node's own running time: what it has not used for so long is not in its "
                "working set."},
    {"inactive", SCHEMA_TIME, AT(inactive_ns), DERIVED("5s with `block`"), RANGE(1, 3600 * SECOND),
     .meaning = "A node that has not run for so long has no working set; and so long a page of an "
                "image stays that nobody uses."},
    {"writes", SCHEMA_NUMBER, AT(writes), DERIVED("16 with `block`"), RANGE(1, 65536),
     .meaning = "Blocks that replacement has being written at most."},
    {"scan", SCHEMA_NUMBER, AT(scan), OPTIONAL, RANGE(1, 1u << 28),
     .meaning = "Blocks that the clock's hand passes for one decision at most, if there is one to "
                "be had among them; without it, all."},
    {"references", SCHEMA_BOOL, AT(references), DERIVED("`false`"),
     .meaning = "Notes in `pages.csv` every page that a node touches, once in each slice of "
                "processor time (docs/run-directory.md). The pager sees these uses, too, and is a "
                "little better for it."},
};
static const struct schema_section paging_section = {
    .title = "hosts[].paging",
    .meaning = "Demand paging. Nodes are admitted by their floors (`limits.memory_floor`) and 8 "
               "blocks each; what they touch beyond the host's `memory` is swapped out "
               "(docs/hosts.md). Needs `memory` and `disks`.",
    .size_bytes = sizeof(struct scn_paging),
    .fields = paging_fields,
    .field_count = COUNT(paging_fields),
};
#undef OWNER

#define OWNER scn_snapshots
static const struct schema_field snapshots_fields[] = {
    {"count", SCHEMA_NUMBER, AT(count), OPTIONAL, RANGE(1, SCN_SNAPSHOTS_MAX),
     .meaning = "How many, numbered from 0."},
    {"size", SCHEMA_SIZE, AT(size_bytes), OPTIONAL, RANGE(4 * KIB, 1024 * GIB),
     .meaning = "What all together may hold: 4 KiB for each page that its machine had of its own "
                "and each block that it had written to its disks, and some for the rest."},
};
static const struct schema_section snapshots_section = {
    .title = "hosts[].snapshots",
    .meaning = "Snapshots of machines that the host keeps, beside its `memory` and `disks` "
               "(docs/hosts.md). Without it none.",
    .size_bytes = sizeof(struct scn_snapshots),
    .fields = snapshots_fields,
    .field_count = COUNT(snapshots_fields),
};
#undef OWNER

#define OWNER scn_volume
static const struct schema_field volume_fields[] = {
    {"name", SCHEMA_NAME, AT(name), REQUIRED,
     .meaning = "What guests find it by: `<name>-<index>`, or `<name>` if it is the only one; 31 "
                "bytes at most."},
    {"count", SCHEMA_NUMBER, AT(count), DEFAULT("1"), RANGE(1, SCN_VOLUMES_MAX),
     .meaning = "Volumes like this. A host has at most 1000 in all, numbered from 0 in the order "
                "of their entries; all hosts together have at most 65536."},
    {"size", SCHEMA_SIZE, AT(size_bytes), DERIVED("the image's, in whole blocks"),
     RANGE(4 * KIB, 1024 * GIB), .multiple = 4 * KIB,
     .meaning =
         "Size of each; it has a block for each 4 KiB. What nobody has written costs nothing."},
    {"image", SCHEMA_PATH, AT(image_path), OPTIONAL, .path = SCN_PATH_DISK,
     .meaning = "File with what each holds at first, byte for byte, relative to the scenario file; "
                "the rest is zeros."},
    {"keep", SCHEMA_BOOL, AT(keep), DEFAULT("false"),
     .meaning =
         "At the end of the run, what it then holds goes to `hosts/<host>/<name>.img` of the "
         "run directory, one file a volume."},
};
static const struct schema_section volume_section = {
    .title = "hosts[].volumes[]",
    .meaning =
        "Volumes of each host: disks that belong to no machine, and which the `schedule`, or "
        "the host's supervisor, attaches to one machine at a time and detaches again "
        "(docs/hosts.md). Each lies in one piece on a disk of the host, the one with most "
        "room left. Needs `disks`.",
    .size_bytes = sizeof(struct scn_volume),
    .fields = volume_fields,
    .field_count = COUNT(volume_fields),
};
#undef OWNER

#define OWNER scn_card
static const struct schema_field card_fields[] = {
    {"rate", SCHEMA_RATE, AT(rate_bps), OPTIONAL, RANGE(1000, RATE_MAX),
     .meaning = "Rate at which the card sends what its machines have queued, a frame of each in "
                "turn. Without it what a machine sends is on its network at once."},
    {"send_queue", SCHEMA_NUMBER, AT(send_queue), OPTIONAL, RANGE(1, SCN_SEND_QUEUE_MAX),
     .absent = 64,
     .meaning = "Frames that each machine may have waiting for the card, 64 if not given; one more "
                "is dropped (`card_full`)."},
    {"receive_queue", SCHEMA_NUMBER, AT(receive_queue), OPTIONAL, RANGE(1, SCN_RECEIVE_QUEUE_MAX),
     .absent = SCN_RECEIVE_QUEUE_MAX,
     .meaning = "Frames that may wait for each machine to take them, 64 if not given; one more is "
                "dropped (`nic_full`)."},
    {"eager", SCHEMA_BOOL, AT(eager), DERIVED("`false`"),
     .meaning = "`costs.frame_receive` and `costs.copy` of a frame are paid when it comes, by "
                "whichever machine runs on the receiver's processor, even if it is then dropped; "
                "not by its receiver when that takes it. For comparison."},
};
static const struct schema_section card_section = {
    .title = "hosts[].card",
    .meaning = "The network card that the machines of a host share (docs/hosts.md).",
    .size_bytes = sizeof(struct scn_card),
    .fields = card_fields,
    .field_count = COUNT(card_fields),
};
#undef OWNER

#define OWNER scn_host
static const struct schema_field host_fields[] = {
    {"name", SCHEMA_NAME, AT(name), REQUIRED,
     .meaning = "What groups call it. A host is called `<name>-<index>`, or `<name>` if it is the "
                "only one."},
    {"count", SCHEMA_NUMBER, AT(count), DEFAULT("1"), RANGE(1, SCN_HOSTS_MAX),
     .meaning = "Hosts. Nodes are dealt out to them in turn, in the order of their numbers. All "
                "together are at most 65536."},
    {"processors", SCHEMA_NUMBER, AT(processors), DEFAULT("1"), RANGE(1, SCN_PROCESSORS_MAX),
     .meaning = "Processors of each host."},
    {"cpu_hz", SCHEMA_FREQUENCY, AT(cpu_hz), DEFAULT("100MHz"), RANGE(1000, 100000000000),
     .meaning = "Instructions per virtual second of each processor, and so of each node there."},
    {"quantum", SCHEMA_TIME, AT(quantum_ns), DEFAULT("10ms"), RANGE(US, 3600 * SECOND),
     .meaning = "How long a machine runs at most before the next runnable one does."},
    {"interrupts", SCHEMA_CHOICE, AT(interrupts), DEFAULT("batched"), .choices = host_interrupts,
     .choice_count = COUNT(host_interrupts),
     .meaning = "`batched`: a machine is told of interrupts when it is next scheduled, of all at "
                "once. `immediate`: an interrupt takes the processor from whoever runs."},
    {"idle", SCHEMA_CHOICE, AT(idle), DEFAULT("wait"), .choices = host_idling,
     .choice_count = COUNT(host_idling),
     .meaning = "`wait`: a machine in `idle` is not scheduled until an interrupt or its time-out. "
                "`spin`: `idle` with a time-out returns at once, so that machines that wait for a "
                "timer use up their quanta; without one it waits."},
    {"woken", SCHEMA_CHOICE, AT(woken), DEFAULT("first"), .choices = host_woken,
     .choice_count = COUNT(host_woken),
     .meaning = "`first`: a machine whose `idle` is over goes before those that never idle, as "
                "published, even if they then never run. `alternate`: of a processor's turns at "
                "least every second is for those, if any is there."},
    {"period", SCHEMA_TIME, AT(period_ns), DEFAULT("100ms"), RANGE(MS, 3600 * SECOND),
     .meaning = "In each stretch of this length, from the start of the run, a node has the "
                "processor time that it reserves, and no more than its cap."},
    {"memory", SCHEMA_SIZE, AT(memory_bytes), OPTIONAL, RANGE(64 * KIB, 1024 * 1024 * GIB),
     .meaning = "Memory of each host. With it, nodes are admitted in the order in which they are "
                "to start, each once there is room for its `limits.memory`, or else its `memory`; "
                "the others wait in the state `queued`. Without it all start when they say."},
    {"minimum_free", SCHEMA_SIZE, AT(minimum_free_bytes), OPTIONAL, RANGE(0, 1024 * 1024 * GIB),
     .meaning = "Of `memory`, what is to be free beside those that were admitted."},
    {"answer", SCHEMA_TIME, AT(answer_ns), OPTIONAL, RANGE(US, SECOND), .absent = 100 * US,
     .meaning =
         "How long a supervisor may take to decide who is next, 100us if not given; then the "
         "kernel decides itself."},
    {"costs", SCHEMA_SECTION, AT(costs), OPTIONAL, .section = &cost_section,
     .meaning = "See hosts[].costs."},
    {"disks", SCHEMA_LIST, AT(disks), BESIDE(disk_count), OPTIONAL, RANGE(0, 64),
     .section = &host_disk_section, .meaning = "See hosts[].disks."},
    {"paging", SCHEMA_SECTION, AT(paging), OPTIONAL, .section = &paging_section,
     .meaning = "See hosts[].paging. Without it the host does not page."},
    {"card", SCHEMA_SECTION, AT(card), OPTIONAL, .section = &card_section,
     .meaning = "See hosts[].card."},
    {"snapshots", SCHEMA_SECTION, AT(snapshots), OPTIONAL, .section = &snapshots_section,
     .meaning = "See hosts[].snapshots."},
    {"volumes", SCHEMA_LIST, AT(volumes), BESIDE(volume_count), OPTIONAL, RANGE(0, 64),
     .section = &volume_section, .meaning = "See hosts[].volumes."},
};
const struct schema_section schema_host = {
    .title = "hosts[]",
    .meaning = "Hosts, whose kernel shares their processors among the nodes that groups place "
               "there (docs/hosts.md). A node of a group that names no host has a processor of its "
               "own. Files under scenarios/hosts, for `include`, describe published ones.",
    .size_bytes = sizeof(struct scn_host),
    .fields = host_fields,
    .field_count = COUNT(host_fields),
};
#undef OWNER
