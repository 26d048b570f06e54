// The cost of one frame through netsim alone (send, arrive, deliver, with a heap of events as the
// world has one), of one port in bytes, and of the partition.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

extern "C" {
#include <base/event_heap.h>
#include <base/random.h>
#include <netsim/network.h>
#include <netsim/partition.h>
}

struct NetEvent {
    struct event event;
    struct net_frame *frame;
};

// The least a world can be: one heap, a free list of events.
struct BenchWorld {
    struct event_heap heap;
    std::vector<NetEvent *> unused;
    struct net_network *network = nullptr;
    struct net_env env;
    uint64_t delivered = 0;

    explicit BenchWorld(const struct net_config &config)
    {
        static const struct net_env_ops ops = {on_schedule, on_deliver, nullptr};
        env = {&ops, this};
        event_heap_init(&heap);
        struct error error = ERROR_INIT;
        if (net_network_create(&config, &network, &error) != STATUS_OK) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
    }
    ~BenchWorld()
    {
        while (struct event *event = event_heap_pop(&heap)) {
            NetEvent *item = reinterpret_cast<NetEvent *>(event);
            net_frame_release(item->frame);
            delete item;
        }
        for (NetEvent *item : unused) {
            delete item;
        }
        event_heap_fini(&heap);
        net_network_destroy(network);
    }
    void step()
    {
        NetEvent *item = reinterpret_cast<NetEvent *>(event_heap_pop(&heap));
        struct event_key key = item->event.key;
        unused.push_back(item);
        net_event(network, &env, (enum net_event_kind)key.kind, key.destination, key.time_ns,
                  item->frame);
    }
    static void on_schedule(void *world, uint64_t time_ns, enum net_event_kind kind,
                            uint32_t destination, uint32_t source, uint64_t sequence,
                            struct net_frame *frame)
    {
        BenchWorld *self = static_cast<BenchWorld *>(world);
        NetEvent *item;
        if (self->unused.empty()) {
            item = new NetEvent;
        } else {
            item = self->unused.back();
            self->unused.pop_back();
        }
        event_init(&item->event);
        item->event.key = {time_ns, (uint32_t)kind, destination, source, sequence};
        item->frame = frame;
        event_heap_push(&self->heap, &item->event);
    }
    static void on_deliver(void *world, uint32_t, struct net_frame *)
    {
        static_cast<BenchWorld *>(world)->delivered++;
    }
};

static void fill(uint8_t *bytes, uint32_t size, const struct net_network *network, uint32_t from,
                 uint32_t to)
{
    struct net_addressing own = net_addressing(network, from);
    struct net_addressing other = net_addressing(network, to);
    bool lan = net_network_kind(network) == NET_LAN;
    const uint8_t *target = lan ? other.mac : own.gateway_mac;
    for (int i = 0; i < 6; i++) {
        bytes[i] = target[i];
        bytes[6 + i] = own.mac[i];
    }
    const uint8_t header[] = {
        0x08, 0,  0x45, 0, (uint8_t)((size - 14) >> 8), (uint8_t)(size - 14), 0, 0, 0x40, 0,
        64,   17, 0,    0};
    for (size_t i = 0; i < sizeof header; i++) {
        bytes[12 + i] = header[i];
    }
    for (int i = 0; i < 4; i++) {
        bytes[26 + i] = (uint8_t)(own.address >> (24 - 8 * i));
        bytes[30 + i] = (uint8_t)(other.address >> (24 - 8 * i));
    }
    uint32_t sum = 0;
    for (int i = 14; i < 34; i += 2) {
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16)) & 0xffff;
    bytes[24] = (uint8_t)(sum >> 8);
    bytes[25] = (uint8_t)sum;
}

// Arguments: ports, bytes of the frame. About as many frames are in flight as there are ports.
static void one_frame(benchmark::State &state, enum net_kind kind)
{
    uint32_t ports = (uint32_t)state.range(0);
    uint32_t size = (uint32_t)state.range(1);
    struct net_link link = {10000000000, 10000000000, 0, 0, 1000};
    struct net_config config = {};
    config.kind = kind;
    config.port_count = ports;
    config.links = &link;
    config.link_count = 1;
    config.delay_ns = 50000000;
    BenchWorld world(config);
    struct random_stream stream;
    random_init(&stream, 1, "bench/netsim");
    std::vector<uint8_t> bytes(size);
    uint64_t now_ns = 0;
    uint64_t gap_ns = kind == NET_LAN ? 2000 : config.delay_ns / ports;
    for (uint32_t i = 0; kind == NET_LAN && i < ports; i++) { // so that nothing is flooded
        fill(bytes.data(), size, world.network, i, i);
        net_send(world.network, &world.env, i, 0, bytes.data(), size);
        world.step();
    }
    for (auto _ : state) {
        uint32_t from = (uint32_t)random_below(&stream, ports);
        uint32_t to = (from + 1 + (uint32_t)random_below(&stream, ports - 1)) % ports;
        fill(bytes.data(), size, world.network, from, to);
        now_ns += gap_ns;
        net_send(world.network, &world.env, from, now_ns, bytes.data(), size);
        while (event_heap_time(&world.heap) <= now_ns) {
            world.step();
        }
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["delivered"] = (double)world.delivered / (double)state.iterations();
    state.counters["port_bytes"] = (double)net_port_bytes();
    state.counters["shared_bytes"] = (double)net_shared_bytes(world.network);
    state.counters["in_flight"] = world.heap.count;
}
BENCHMARK_CAPTURE(one_frame, wan, NET_WAN_UNIFORM)
    ->Args({1000, 100})
    ->Args({1000, 1514})
    ->Args({10000, 100})
    ->Args({100000, 100});
BENCHMARK_CAPTURE(one_frame, lan, NET_LAN)->Args({1000, 100})->Args({10000, 100});

static void partition(benchmark::State &state)
{
    const uint32_t sites = 490;
    uint32_t ports = (uint32_t)state.range(0);
    struct random_stream stream;
    random_init(&stream, 1, "bench/partition");
    std::vector<uint64_t> rtt_ns(sites * sites);
    for (uint32_t i = 0; i < sites; i++) {
        for (uint32_t j = 0; j < i; j++) {
            uint64_t value_ns = 100000 + 2 * random_below(&stream, 100000000);
            rtt_ns[i * sites + j] = rtt_ns[j * sites + i] = value_ns;
        }
    }
    struct net_matrix matrix = {sites, rtt_ns.data()};
    struct net_link link = {};
    struct net_config config = {};
    config.kind = NET_WAN_MATRIX;
    config.port_count = ports;
    config.links = &link;
    config.link_count = 1;
    config.matrix = &matrix;
    BenchWorld world(config);
    for (auto _ : state) {
        struct net_partition partition;
        net_partition_init(&partition, world.network, 500000);
        benchmark::DoNotOptimize(partition.lookahead_ns);
        net_partition_fini(&partition);
    }
}
BENCHMARK(partition)->Arg(1000)->Arg(100000)->Unit(benchmark::kMillisecond);
