// The event heap against an ordered set as its model.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

extern "C" {
#include <base/event_heap.h>
#include <base/random.h>
#include <base/time.h>
}

namespace
{

struct KeyLess {
    bool operator()(const struct event *a, const struct event *b) const
    {
        /* Written out anew, so that a mistake in event_key_compare cannot hide. */
        const struct event_key &x = a->key, &y = b->key;
        return std::tie(x.time_ns, x.kind, x.destination, x.source, x.sequence) <
               std::tie(y.time_ns, y.kind, y.destination, y.source, y.sequence);
    }
};

struct event_key RandomKey(struct random_stream *random, uint64_t sequence)
{
    /* Few values, so that ties are decided by every field. */
    return {random_below(random, 4), static_cast<uint32_t>(random_below(random, 3)),
            static_cast<uint32_t>(random_below(random, 3)),
            static_cast<uint32_t>(random_below(random, 3)), sequence};
}

TEST(EventHeap, ComparesFieldByField)
{
    const struct event_key low = {5, 5, 5, 5, 5};
    struct event_key high = low;
    EXPECT_EQ(event_key_compare(&low, &high), 0);
    for (int field = 0; field < 5; field++) {
        high = low;
        switch (field) {
        case 0:
            high = {6, 0, 0, 0, 0};
            break;
        case 1:
            high = {5, 6, 0, 0, 0};
            break;
        case 2:
            high = {5, 5, 6, 0, 0};
            break;
        case 3:
            high = {5, 5, 5, 6, 0};
            break;
        case 4:
            high = {5, 5, 5, 5, 6};
            break;
        }
        EXPECT_LT(event_key_compare(&low, &high), 0) << field;
        EXPECT_GT(event_key_compare(&high, &low), 0) << field;
    }
    const struct event_key wide = {UINT64_MAX, 0, 0, 0, 0};
    EXPECT_LT(event_key_compare(&low, &wide), 0) << "a difference that does not fit an int";
}

TEST(EventHeap, AnEmptyHeapHasNoFirstAndNoTime)
{
    struct event_heap heap;
    event_heap_init(&heap);
    EXPECT_EQ(event_heap_first(&heap), nullptr);
    EXPECT_EQ(event_heap_pop(&heap), nullptr);
    EXPECT_EQ(event_heap_time(&heap), TIME_NEVER);
    event_heap_fini(&heap);
}

TEST(EventHeap, AgreesWithAnOrderedSetUnderRandomPushesPopsAndRemovals)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random_stream random;
        random_init(&random, seed, "heap");
        struct event_heap heap;
        event_heap_init(&heap);
        std::set<struct event *, KeyLess> model;
        std::vector<std::unique_ptr<struct event>> all;
        std::vector<struct event *> idle;
        uint64_t sequence = 0;
        for (int step = 0; step < 20000; step++) {
            /* Grows for the first half, shrinks for the second. */
            uint64_t choice = random_below(&random, 10);
            if (choice < (step < 10000 ? 6u : 3u)) {
                if (idle.empty()) {
                    all.push_back(std::make_unique<struct event>());
                    event_init(all.back().get());
                    idle.push_back(all.back().get());
                }
                struct event *event = idle.back();
                idle.pop_back();
                ASSERT_FALSE(event_queued(event));
                event->key = RandomKey(&random, sequence++);
                event_heap_push(&heap, event);
                model.insert(event);
                ASSERT_TRUE(event_queued(event));
            } else if (!model.empty() && choice < 8) {
                struct event *event = event_heap_pop(&heap);
                ASSERT_EQ(event, *model.begin()) << "seed " << seed << ", step " << step;
                model.erase(model.begin());
                idle.push_back(event);
            } else if (!model.empty()) {
                struct event *event = all[random_below(&random, all.size())].get();
                if (event_queued(event)) {
                    event_heap_remove(&heap, event);
                    ASSERT_EQ(model.erase(event), 1u);
                    ASSERT_FALSE(event_queued(event));
                    idle.push_back(event);
                }
            }
            ASSERT_EQ(heap.count, model.size());
            ASSERT_EQ(event_heap_first(&heap), model.empty() ? nullptr : *model.begin());
            ASSERT_EQ(event_heap_time(&heap),
                      model.empty() ? TIME_NEVER : (*model.begin())->key.time_ns);
        }
        event_heap_fini(&heap);
    }
}

TEST(EventHeap, TheOrderDoesNotDependOnTheOrderOfPushes)
{
    std::array<struct event, 200> events;
    std::vector<uint64_t> first_order;
    struct random_stream random;
    random_init(&random, 9, "order");
    for (size_t i = 0; i < events.size(); i++) {
        event_init(&events[i]);
        events[i].key = RandomKey(&random, i);
    }
    for (int round = 0; round < 20; round++) {
        std::vector<struct event *> shuffled;
        for (struct event &event : events) {
            shuffled.push_back(&event);
        }
        for (size_t i = shuffled.size(); i > 1; i--) {
            std::swap(shuffled[i - 1], shuffled[random_below(&random, i)]);
        }
        struct event_heap heap;
        event_heap_init(&heap);
        for (struct event *event : shuffled) {
            event_heap_push(&heap, event);
        }
        std::vector<uint64_t> order;
        while (struct event *event = event_heap_pop(&heap)) {
            order.push_back(event->key.sequence);
        }
        event_heap_fini(&heap);
        ASSERT_EQ(order.size(), events.size());
        if (round == 0) {
            first_order = order;
        }
        ASSERT_EQ(order, first_order);
    }
}

TEST(EventHeap, EventsStillQueuedStayTheCallers)
{
    struct event event;
    event_init(&event);
    struct event_heap heap;
    event_heap_init(&heap);
    event_heap_push(&heap, &event);
    event_heap_fini(&heap);
    EXPECT_EQ(heap.count, 0u);
    EXPECT_EQ(event.key.time_ns, 0u);
}

TEST(EventHeapDeath, RefusesAnEventThatIsQueuedAlready)
{
    struct event event;
    event_init(&event);
    struct event_heap heap;
    event_heap_init(&heap);
    event_heap_push(&heap, &event);
    EXPECT_DEATH(event_heap_push(&heap, &event), "event_queued");
    event_heap_fini(&heap);
}

} // namespace
