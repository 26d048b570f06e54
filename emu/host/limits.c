/*
 * Limits of a machine that are changed while the host runs: of memory, of what it may send and be
 * sent, of its disks. What is not possible changes nothing.
 *
 * A machine that has a processor may have sent frames, or asked its disks, at moments that are
 * still to come for who sets its rates; so those change when it leaves its processor.
 */
#include "host.h"

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

#define DISK_MAX_BYTES (1ull << 40)

void emu_seat_limits_init(struct emu_seat *seat)
{
    const struct scn_scenario *scenario = seat->host->process->world->scenario;
    const struct scn_limits *limits = &scenario->groups[seat->node->group].limits;
    seat->floor_bytes = limits->memory_floor_bytes;
    seat->ceiling_bytes = limits->memory_ceiling_bytes;
    seat->disk_bytes = limits->disk_bytes;
    seat->disk_bps = limits->disk_rate_bps;
}

static struct net_network *network_of(const struct emu_seat *seat)
{
    const struct emu_node *node = seat->node;
    return node->network == SCN_NETWORK_NONE ? NULL
                                             : node->process->world->networks[node->network].net;
}

/* --- memory ----------------------------------------------------------------------------------- */

static struct emu_pager_limits pages_of(uint64_t floor_bytes, uint64_t ceiling_bytes)
{
    return (struct emu_pager_limits){
        .floor_pages = (uint32_t)(floor_bytes / EMU_PAGER_PAGE_BYTES),
        .ceiling_pages =
            ceiling_bytes ? (uint32_t)(ceiling_bytes / EMU_PAGER_PAGE_BYTES) : EMU_PAGER_NO_CEILING,
    };
}

struct emu_pager_limits emu_seat_pager_limits(const struct emu_seat *seat)
{
    return pages_of(seat->floor_bytes, seat->ceiling_bytes);
}

static bool bounds_valid(const struct emu_seat *seat, uint64_t floor_bytes, uint64_t ceiling_bytes)
{
    uint64_t block_bytes = seat->host->model->paging.block_bytes;
    return floor_bytes % EMU_PAGER_PAGE_BYTES == 0 && floor_bytes <= seat->node->space.size_bytes &&
           (ceiling_bytes == 0 ||
            (ceiling_bytes % EMU_PAGER_PAGE_BYTES == 0 &&
             ceiling_bytes / EMU_PAGER_PAGE_BYTES <= EMU_PAGER_MACHINE_PAGES_MAX &&
             ceiling_bytes >= EMU_PAGER_PINS * block_bytes && ceiling_bytes >= floor_bytes));
}

/* What is promised to one machine is so beside what all others were, and the minimum free. */
static bool fits(const struct emu_seat *seat, uint64_t floor_bytes)
{
    const struct emu_host *host = seat->host;
    uint64_t need_bytes = scn_floor_backing_bytes(host->model, floor_bytes);
    uint64_t others_bytes = seat->admitted ? host->committed_bytes - emu_seat_need_bytes(seat) : 0;
    return others_bytes + need_bytes + host->model->minimum_free_bytes <= host->model->memory_bytes;
}

static uint32_t set_bounds(struct emu_seat *seat, uint64_t floor_bytes, uint64_t ceiling_bytes,
                           uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    if (!host->pager) {
        return ABI_SUPERVISOR_NO_MACHINE;
    }
    if (!bounds_valid(seat, floor_bytes, ceiling_bytes)) {
        return ABI_SUPERVISOR_VALUE;
    }
    if (floor_bytes > seat->floor_bytes && !fits(seat, floor_bytes)) {
        return ABI_SUPERVISOR_ROOM;
    }
    const struct emu_pager_limits pages = pages_of(floor_bytes, ceiling_bytes);
    if (seat->admitted && emu_pager_limits_set(host->pager, now_ns, emu_seat_number(seat), &pages,
                                               NULL) != STATUS_OK) {
        return ABI_SUPERVISOR_ROOM;
    }
    host->committed_bytes -= seat->admitted ? emu_seat_need_bytes(seat) : 0;
    seat->floor_bytes = floor_bytes;
    seat->ceiling_bytes = ceiling_bytes;
    host->committed_bytes += seat->admitted ? emu_seat_need_bytes(seat) : 0;
    emu_gate_review(host, now_ns);
    return ABI_SUPERVISOR_DONE;
}

/* --- rates ------------------------------------------------------------------------------------ */

static void apply_port_rates(struct emu_seat *seat, uint64_t now_ns)
{
    net_port_rates_set(network_of(seat), seat->node->port, &seat->rates);
    seat->rates = (struct net_rates){0};
    seat->rates_wait = false;
    emu_host_tell(seat->host, now_ns, EMU_HOST_LIMIT, 0, seat, ABI_CONTROL_SEND_RATE);
}

static void apply_disk_rate(struct emu_seat *seat, uint64_t now_ns)
{
    seat->disk_bps = seat->disk_bps_next;
    seat->disk_bps_next = 0;
    seat->disk_bps_waits = false;
    struct dev_env env = emu_node_env(seat->node, DEV_DISK);
    dev_disk_interval_changed(&seat->node->disk, &env);
    emu_seat_follow(seat); /* its requests are done at other times, not by its own doing */
    emu_seat_pace_changed(seat, now_ns);
    emu_host_tell(seat->host, now_ns, EMU_HOST_LIMIT, 0, seat, ABI_CONTROL_DISK_RATE);
}

void emu_seat_rates_apply(struct emu_seat *seat, uint64_t now_ns)
{
    if (seat->rates_wait) {
        apply_port_rates(seat, now_ns);
    }
    if (seat->disk_bps_waits) {
        apply_disk_rate(seat, now_ns);
    }
}

uint64_t emu_seat_disk_bps(const struct emu_seat *seat)
{
    return seat->disk_bps_waits ? seat->disk_bps_next : seat->disk_bps;
}

static bool disk_rate_valid(uint64_t rate_bps)
{
    return rate_bps == 0 || (rate_bps >= SCN_RATE_MIN_BPS && rate_bps <= SCN_RATE_MAX_BPS);
}

static uint32_t set_disk_rate(struct emu_seat *seat, uint64_t rate_bps, uint64_t now_ns)
{
    if (!disk_rate_valid(rate_bps)) {
        return ABI_SUPERVISOR_VALUE;
    }
    seat->disk_bps_next = rate_bps;
    seat->disk_bps_waits = true;
    if (!emu_seat_occupies(seat)) {
        apply_disk_rate(seat, now_ns);
    }
    return ABI_SUPERVISOR_DONE;
}

struct net_rates emu_seat_rates(const struct emu_seat *seat)
{
    const struct net_network *network = network_of(seat);
    return seat->rates_wait ? seat->rates
           : network        ? net_port_rates(network, seat->node->port)
                            : (struct net_rates){0};
}

static uint32_t set_rate(uint64_t *rate_bps, uint32_t *burst_bytes, uint64_t value)
{
    *rate_bps = value;
    *burst_bytes = value == 0 ? 0 : *burst_bytes ? *burst_bytes : SCN_BURST_BYTES;
    return ABI_SUPERVISOR_DONE;
}

static uint32_t set_burst(uint64_t rate_bps, uint32_t *burst_bytes, uint64_t value)
{
    if (value > SCN_BURST_MAX_BYTES) {
        return ABI_SUPERVISOR_VALUE;
    }
    *burst_bytes = value ? (uint32_t)value : SCN_BURST_BYTES;
    return rate_bps ? ABI_SUPERVISOR_DONE : ABI_SUPERVISOR_STATE;
}

static uint32_t set_rates(struct emu_seat *seat, uint32_t operation, uint64_t value,
                          uint64_t now_ns)
{
    if (!network_of(seat)) {
        return ABI_SUPERVISOR_NO_MACHINE;
    }
    struct net_rates rates = emu_seat_rates(seat);
    uint32_t status = operation == ABI_CONTROL_SEND_RATE
                          ? set_rate(&rates.send_bps, &rates.send_burst_bytes, value)
                      : operation == ABI_CONTROL_SEND_BURST
                          ? set_burst(rates.send_bps, &rates.send_burst_bytes, value)
                      : operation == ABI_CONTROL_RECEIVE_RATE
                          ? set_rate(&rates.receive_bps, &rates.receive_burst_bytes, value)
                          : set_burst(rates.receive_bps, &rates.receive_burst_bytes, value);
    if (status != ABI_SUPERVISOR_DONE) {
        return status;
    }
    if (!net_rates_valid(&rates)) {
        return ABI_SUPERVISOR_VALUE;
    }
    seat->rates = rates;
    seat->rates_wait = true;
    if (!emu_seat_occupies(seat)) {
        apply_port_rates(seat, now_ns);
    }
    return ABI_SUPERVISOR_DONE;
}

/* --- all -------------------------------------------------------------------------------------- */

static bool disk_valid(uint64_t bytes)
{
    return bytes % ABI_DISK_BLOCK_BYTES == 0 && bytes <= DISK_MAX_BYTES;
}

bool emu_seat_limits_valid(const struct emu_seat *seat)
{
    const struct net_network *network = network_of(seat);
    bool rates = seat->rates_wait
                     ? network && net_rates_change(network) && net_rates_valid(&seat->rates)
                     : seat->rates.send_bps == 0 && seat->rates.receive_bps == 0;
    return rates && disk_valid(seat->disk_bytes) && disk_rate_valid(seat->disk_bps) &&
           disk_rate_valid(seat->disk_bps_next) && (seat->disk_bps_waits || !seat->disk_bps_next) &&
           bounds_valid(seat, seat->floor_bytes, seat->ceiling_bytes);
}

uint32_t emu_seat_limit(struct emu_seat *seat, uint32_t operation, uint64_t value, uint64_t now_ns)
{
    uint32_t status;
    switch (operation) {
    case ABI_CONTROL_MEMORY_FLOOR:
        status = set_bounds(seat, value, seat->ceiling_bytes, now_ns);
        break;
    case ABI_CONTROL_MEMORY_CEILING:
        status = set_bounds(seat, seat->floor_bytes, value, now_ns);
        break;
    case ABI_CONTROL_DISK:
        if (!disk_valid(value)) {
            return ABI_SUPERVISOR_VALUE;
        }
        seat->disk_bytes = value;
        status = ABI_SUPERVISOR_DONE;
        break;
    case ABI_CONTROL_DISK_RATE:
        return set_disk_rate(seat, value, now_ns);
    default:
        return set_rates(seat, operation, value, now_ns);
    }
    if (status == ABI_SUPERVISOR_DONE) {
        emu_host_tell(seat->host, now_ns, EMU_HOST_LIMIT, 0, seat, operation);
    }
    return status;
}
