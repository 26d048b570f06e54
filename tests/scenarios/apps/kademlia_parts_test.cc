/* The parts of the Kademlia peer, one by one: identifiers, messages, k-buckets, short list, store.
 */
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
#include "lookup.h"
#include "message.h"
#include "store.h"
#include "table.h"
}

/* Not in the namespace below, or GoogleTest would not find it. */
static bool operator==(const kad_id &a, const kad_id &b)
{
    return kad_id_equal(&a, &b);
}

namespace
{

std::string Hex(const kad_id &id)
{
    uint8_t bytes[KAD_ID_BYTES];
    char text[2 * KAD_ID_BYTES + 1];
    kad_id_write(&id, bytes);
    for (int i = 0; i < KAD_ID_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    return text;
}

/* An identifier that is `low` in its last word and 0 elsewhere. */
kad_id Small(uint32_t low)
{
    return kad_id{{0, 0, 0, 0, low}};
}

kad_contact Contact(uint32_t low)
{
    return kad_contact{Small(low), 0x0a000000u + low, 4000};
}

/* --- Identifiers ----------------------------------------------------------------------------- */

TEST(KademliaId, HashesAsTheStandardsExamples)
{
    const std::pair<std::string, std::string> examples[] = {
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {std::string(1000000, 'a'), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
    };
    for (const auto &[text, hash] : examples) {
        kad_id id;
        kad_id_hash(&id, text.data(), text.size());
        EXPECT_EQ(Hex(id), hash) << text.substr(0, 60);
    }
}

TEST(KademliaId, OfAPeerIsTheHashOfItsNameAndDecimalNumber)
{
    for (uint32_t number : {0u, 7u, 10u, 999u, 4294967295u}) {
        std::string text = "value-" + std::to_string(number);
        kad_id expected, id;
        kad_id_hash(&expected, text.data(), text.size());
        kad_id_of(&id, "value", number);
        EXPECT_EQ(Hex(id), Hex(expected));
    }
}

TEST(KademliaId, RandomInBucketHasItsHighestDifferingBitThere)
{
    kad_random random;
    kad_id self, id;
    kad_random_seed(&random, 5, 6);
    kad_id_random(&self, &random);
    for (int bucket = 0; bucket < KAD_ID_BITS; bucket++) {
        kad_id_random_in_bucket(&id, &self, bucket, &random);
        EXPECT_EQ(kad_id_bucket(&self, &id), bucket);
    }
    EXPECT_EQ(kad_id_bucket(&self, &self), -1);
}

TEST(KademliaId, RandomStreamsOfOneSeedDiffer)
{
    kad_random one, two, again;
    kad_random_seed(&one, 1, 1);
    kad_random_seed(&two, 1, 2);
    kad_random_seed(&again, 1, 1);
    uint64_t first = kad_random_next(&one);
    EXPECT_NE(first, kad_random_next(&two));
    EXPECT_EQ(first, kad_random_next(&again));
}

/* --- Messages -------------------------------------------------------------------------------- */

std::vector<uint8_t> Written(const kad_message &message, int contacts = 0)
{
    std::vector<uint8_t> bytes(KAD_MESSAGE_MAX);
    size_t size = kad_message_write(&message, bytes.data());
    for (int i = 0; i < contacts; i++) {
        kad_contact contact = Contact(1000 + (uint32_t)i);
        size = kad_message_append(bytes.data(), size, &contact);
    }
    bytes.resize(size);
    return bytes;
}

std::vector<std::vector<uint8_t>> OneOfEach()
{
    static const uint8_t value[] = "the value";
    std::vector<std::vector<uint8_t>> all;
    for (int type = KAD_PING; type <= KAD_VALUE; type++) {
        kad_message message = {};
        message.type = (kad_type)type;
        message.rpc = Small(0x11223344);
        message.sender = Small(0x55667788);
        message.key = Small(0x99aabbcc);
        message.stored = true;
        message.age_s = 0x01020304;
        message.value = value;
        message.value_bytes = sizeof(value);
        all.push_back(Written(message, type == KAD_NODES ? 20 : 0));
    }
    return all;
}

TEST(KademliaMessage, ComesBackAsItWasWritten)
{
    for (const auto &bytes : OneOfEach()) {
        kad_message message;
        ASSERT_TRUE(kad_message_read(&message, bytes.data(), bytes.size()));
        EXPECT_EQ(message.rpc, Small(0x11223344));
        EXPECT_EQ(message.sender, Small(0x55667788));
        switch (message.type) {
        case KAD_STORE:
            EXPECT_EQ(message.key, Small(0x99aabbcc));
            [[fallthrough]];
        case KAD_VALUE:
            EXPECT_EQ(message.age_s, 0x01020304u);
            ASSERT_EQ(message.value_bytes, 10);
            EXPECT_STREQ((const char *)message.value, "the value");
            break;
        case KAD_FIND_NODE:
        case KAD_FIND_VALUE:
            EXPECT_EQ(message.key, Small(0x99aabbcc));
            break;
        case KAD_STORED:
            EXPECT_TRUE(message.stored);
            break;
        case KAD_NODES:
            ASSERT_EQ(message.contact_count, 20);
            for (uint32_t i = 0; i < 20; i++) {
                kad_contact contact;
                ASSERT_TRUE(kad_message_contact(&message, i, &contact));
                EXPECT_EQ(contact.id, Small(1000 + i));
                EXPECT_EQ(contact.address, 0x0a000000u + 1000 + i);
                EXPECT_EQ(contact.port, 4000);
            }
            break;
        default:
            break;
        }
    }
}

TEST(KademliaMessage, OfAnyOtherLengthIsRefused)
{
    for (const auto &bytes : OneOfEach()) {
        std::vector<uint8_t> longer = bytes;
        kad_message message;
        longer.push_back(0);
        EXPECT_FALSE(kad_message_read(&message, longer.data(), longer.size()));
        for (size_t size = 0; size < bytes.size(); size++) {
            std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + (long)size); /* own storage */
            EXPECT_FALSE(kad_message_read(&message, cut.data(), size)) << size;
        }
    }
}

TEST(KademliaMessage, WithABadHeaderIsRefused)
{
    for (const auto &good : OneOfEach()) {
        kad_message message;
        for (auto [offset, value] : {std::pair<size_t, uint8_t>{0, 0x4c}, {1, 2}, {2, 0}, {2, 9}}) {
            std::vector<uint8_t> bytes = good;
            bytes[offset] = value;
            EXPECT_FALSE(kad_message_read(&message, bytes.data(), bytes.size()));
        }
        std::vector<uint8_t> bytes = good;
        bytes[3] ^= 0x80; /* the count */
        EXPECT_FALSE(kad_message_read(&message, bytes.data(), bytes.size()));
    }
}

TEST(KademliaMessage, WithAValueTooLongIsRefused)
{
    std::vector<uint8_t> value(KAD_VALUE_MAX), bytes(2 * KAD_MESSAGE_MAX);
    kad_message message = {};
    message.type = KAD_STORE;
    message.value = value.data();
    message.value_bytes = KAD_VALUE_MAX;
    size_t size = kad_message_write(&message, bytes.data());
    EXPECT_EQ(size, (size_t)KAD_MESSAGE_MAX);
    EXPECT_TRUE(kad_message_read(&message, bytes.data(), size));
    bytes[size - KAD_VALUE_MAX - 1]++; /* the length says one more, and there is one more */
    EXPECT_FALSE(kad_message_read(&message, bytes.data(), size + 1));
}

TEST(KademliaMessage, GivesNoContactThatCannotBeSentTo)
{
    struct {
        uint32_t address;
        uint16_t port;
        bool good;
    } cases[] = {{0x0a000001, 4000, true}, {0, 4000, false},          {0x0a000001, 0, false},
                 {0xe0000001, 5, false},   {0xffffffff, 4000, false}, {0xdfffffff, 1, true}};
    for (const auto &one : cases) {
        kad_message message = {};
        std::vector<uint8_t> bytes(KAD_MESSAGE_MAX);
        kad_contact contact = {Small(3), one.address, one.port};
        message.type = KAD_NODES;
        size_t size =
            kad_message_append(bytes.data(), kad_message_write(&message, bytes.data()), &contact);
        ASSERT_TRUE(kad_message_read(&message, bytes.data(), size));
        EXPECT_EQ(kad_message_contact(&message, 0, &contact), one.good);
    }
}

/* --- k-buckets ------------------------------------------------------------------------------- */

class KademliaTable : public testing::Test
{
  protected:
    void SetUp() override
    {
        kad_id self = Small(0);
        kad_table_init(&table, &self, 4);
    }
    void TearDown() override
    {
        kad_table_fini(&table);
    }
    kad_seen Seen(uint32_t low, uint32_t now_ms, uint32_t fresh_ms = 0)
    {
        kad_contact contact = Contact(low);
        return kad_table_seen(&table, &contact, now_ms, fresh_ms, &oldest);
    }
    std::vector<uint32_t> Bucket(int index)
    {
        std::vector<uint32_t> low;
        for (uint32_t i = 0; table.bucket[index] && i < table.bucket[index]->count; i++) {
            low.push_back(table.bucket[index]->entry[i].contact.id.word[4]);
        }
        return low;
    }
    void FillBucket4()
    {
        for (uint32_t low : {16u, 17u, 18u, 19u}) {
            ASSERT_EQ(Seen(low, low), KAD_SEEN_ADDED);
        }
    }
    kad_table table;
    kad_contact oldest = {};
};

TEST_F(KademliaTable, KeepsABucketInTheOrderOfLastSeen)
{
    FillBucket4();
    EXPECT_EQ(Seen(17, 30), KAD_SEEN_KNOWN);
    EXPECT_EQ(Bucket(4), (std::vector<uint32_t>{16, 18, 19, 17}));
    EXPECT_EQ(table.contact_count, 4u);
    EXPECT_TRUE(kad_table_occupied(&table, 4));
    EXPECT_FALSE(kad_table_occupied(&table, 5));
}

TEST_F(KademliaTable, PutsAContactIntoTheBucketOfItsDistance)
{
    EXPECT_EQ(Seen(1, 0), KAD_SEEN_ADDED);
    EXPECT_EQ(Seen(7, 0), KAD_SEEN_ADDED);
    EXPECT_EQ(Bucket(0), (std::vector<uint32_t>{1}));
    EXPECT_EQ(Bucket(2), (std::vector<uint32_t>{7}));
    EXPECT_EQ(kad_table_lowest(&table), 0);
}

TEST_F(KademliaTable, AsksForAPingOfTheOldestWhenABucketIsFull)
{
    FillBucket4();
    EXPECT_EQ(Seen(20, 40), KAD_SEEN_PROBE);
    EXPECT_EQ(oldest.id, Small(16));
    EXPECT_EQ(Seen(21, 41), KAD_SEEN_DROPPED); /* one question at a time */
}

TEST_F(KademliaTable, KeepsTheOldestThatAnswers)
{
    FillBucket4();
    ASSERT_EQ(Seen(20, 40), KAD_SEEN_PROBE);
    kad_id answered = Small(16);
    kad_table_probe_answered(&table, &answered);
    EXPECT_EQ(Seen(16, 41), KAD_SEEN_KNOWN);
    EXPECT_EQ(Bucket(4), (std::vector<uint32_t>{17, 18, 19, 16}));
    EXPECT_EQ(Seen(21, 42), KAD_SEEN_PROBE); /* now the next oldest is asked */
    EXPECT_EQ(oldest.id, Small(17));
}

TEST_F(KademliaTable, ReplacesTheOldestThatStaysSilent)
{
    FillBucket4();
    ASSERT_EQ(Seen(20, 40), KAD_SEEN_PROBE);
    kad_id silent = Small(16);
    kad_table_failed(&table, &silent, 50);
    EXPECT_EQ(Bucket(4), (std::vector<uint32_t>{17, 18, 19, 20}));
    EXPECT_EQ(table.contact_count, 4u);
}

TEST_F(KademliaTable, ForgetsAContactThatFailed)
{
    EXPECT_EQ(Seen(16, 0), KAD_SEEN_ADDED);
    kad_id failed = Small(16);
    kad_table_failed(&table, &failed, 1);
    EXPECT_TRUE(Bucket(4).empty());
    EXPECT_FALSE(kad_table_occupied(&table, 4));
    EXPECT_EQ(table.contact_count, 0u);
    EXPECT_EQ(kad_table_lowest(&table), -1);
    kad_table_failed(&table, &failed, 2); /* one that it never knew */
}

TEST_F(KademliaTable, TakesARecentlySeenOldestForAlive)
{
    FillBucket4();
    EXPECT_EQ(Seen(20, 40, 25), KAD_SEEN_DROPPED); /* 16 was seen at 16, 24 ms ago */
    EXPECT_EQ(Seen(20, 41, 25), KAD_SEEN_PROBE);
}

TEST_F(KademliaTable, DoesNotLetAnotherAddressTakeAKnownName)
{
    EXPECT_EQ(Seen(16, 0), KAD_SEEN_ADDED);
    kad_contact thief = Contact(16);
    thief.address++;
    EXPECT_EQ(kad_table_seen(&table, &thief, 1, 0, &oldest), KAD_SEEN_DROPPED);
    kad_id id = Small(16);
    EXPECT_EQ(kad_table_find(&table, &id)->contact.address, Contact(16).address);
}

TEST_F(KademliaTable, NeverHoldsItsOwnNode)
{
    EXPECT_EQ(Seen(0, 0), KAD_SEEN_DROPPED);
    EXPECT_EQ(table.contact_count, 0u);
}

TEST(KademliaTableRandom, FindsTheClosestAsASearchThroughAllDoes)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        kad_random random;
        kad_table table;
        kad_id self;
        kad_random_seed(&random, seed, 0);
        kad_id_random(&self, &random);
        kad_table_init(&table, &self, 20);
        std::vector<kad_id> known;
        for (int i = 0; i < 400; i++) {
            kad_contact contact = {{}, 0x0a000001, 4000}, oldest;
            kad_id_random_in_bucket(&contact.id, &self, 130 + (int)kad_random_below(&random, 30),
                                    &random);
            if (kad_table_seen(&table, &contact, 0, 0, &oldest) == KAD_SEEN_ADDED) {
                known.push_back(contact.id);
            }
        }
        for (int trial = 0; trial < 50; trial++) {
            kad_id target;
            kad_id_random_in_bucket(&target, &self, (int)kad_random_below(&random, 160), &random);
            auto closer = [&target](const kad_id &a, const kad_id &b) {
                return kad_id_compare(&a, &b, &target) < 0;
            };
            std::vector<kad_id> expected = known;
            const kad_id except = known[trial];
            std::erase_if(expected, [&](const kad_id &id) { return id == except; });
            std::sort(expected.begin(), expected.end(), closer);
            kad_contact found[20];
            uint32_t count = kad_table_closest(&table, &target, &except, found, 20);
            ASSERT_EQ(count, 20u);
            std::vector<kad_id> got;
            for (const kad_contact &contact : found) {
                got.push_back(contact.id);
            }
            std::sort(got.begin(), got.end(), closer);
            for (int i = 0; i < 20; i++) {
                ASSERT_EQ(Hex(got[i]), Hex(expected[i])) << "seed " << seed;
            }
            uint32_t closer_count = (uint32_t)std::count_if(
                known.begin(), known.end(), [&](const kad_id &id) { return closer(id, self); });
            ASSERT_EQ(kad_table_count_closer(&table, &target), closer_count);
        }
        kad_table_fini(&table);
    }
}

/* --- The short list -------------------------------------------------------------------------- */

class KademliaShortlist : public testing::Test
{
  protected:
    void Start(uint8_t k, uint8_t alpha)
    {
        kad_id target = Small(0);
        storage.resize(kad_shortlist_bytes(k));
        list = (kad_shortlist *)storage.data();
        kad_shortlist_init(list, &target, k, alpha);
    }
    bool Add(uint32_t low, uint8_t hops = 1)
    {
        kad_contact contact = Contact(low);
        return kad_shortlist_add(list, &contact, hops);
    }
    /* Whom it asks next; 0: nobody now. */
    uint32_t Next()
    {
        int slot = kad_shortlist_next(list);
        return slot < 0 ? 0 : list->slot[slot].contact.id.word[4];
    }
    int Slot(uint32_t low)
    {
        for (int i = 0; i < list->count; i++) {
            if (list->slot[list->order[i]].contact.id.word[4] == low) {
                return list->order[i];
            }
        }
        return -1;
    }
    std::vector<uint8_t> storage;
    kad_shortlist *list = nullptr;
};

TEST_F(KademliaShortlist, AsksTheClosestFirstAndOnlyAlphaAtATime)
{
    Start(4, 2);
    EXPECT_TRUE(Add(30));
    EXPECT_TRUE(Add(10));
    EXPECT_FALSE(Add(20));
    EXPECT_FALSE(Add(10)); /* known */
    EXPECT_EQ(list->count, 3);
    EXPECT_EQ(Next(), 10u);
    EXPECT_EQ(Next(), 20u);
    EXPECT_EQ(Next(), 0u);
    kad_shortlist_replied(list, Slot(10), true);
    EXPECT_EQ(Next(), 30u);
}

TEST_F(KademliaShortlist, AsksAllOfTheClosestAfterAlphaUnproductiveReplies)
{
    Start(6, 2);
    for (uint32_t low = 1; low <= 8; low++) {
        Add(low);
    }
    EXPECT_EQ(Next(), 1u);
    EXPECT_EQ(Next(), 2u);
    kad_shortlist_replied(list, Slot(1), false);
    kad_shortlist_replied(list, Slot(2), false);
    for (uint32_t low = 3; low <= 6; low++) {
        EXPECT_EQ(Next(), low);
    }
    EXPECT_EQ(Next(), 0u); /* 7 and 8 are not among the 6 closest */
    for (uint32_t low = 3; low <= 6; low++) {
        EXPECT_FALSE(kad_shortlist_finished(list));
        kad_shortlist_replied(list, Slot(low), false);
    }
    EXPECT_TRUE(kad_shortlist_finished(list));
}

TEST_F(KademliaShortlist, LetsASlowNodeHoldUpNobodyButWaitsForItAtTheEnd)
{
    Start(2, 1);
    Add(1);
    Add(2);
    Add(3);
    EXPECT_EQ(Next(), 1u);
    EXPECT_EQ(Next(), 0u);
    kad_shortlist_slow(list, Slot(1));
    EXPECT_EQ(Next(), 2u);
    kad_shortlist_replied(list, Slot(2), false);
    EXPECT_EQ(Next(), 3u); /* in the slow one's stead */
    kad_shortlist_replied(list, Slot(3), false);
    EXPECT_FALSE(kad_shortlist_finished(list));
    kad_shortlist_replied(list, Slot(1), false);
    EXPECT_TRUE(kad_shortlist_finished(list));
    EXPECT_EQ(list->asked, 0);
}

TEST_F(KademliaShortlist, FallsBackOnFartherNodesWhenCloserOnesFail)
{
    Start(2, 2);
    for (uint32_t low = 1; low <= 4; low++) {
        Add(low);
    }
    EXPECT_EQ(Next(), 1u);
    EXPECT_EQ(Next(), 2u);
    kad_shortlist_failed(list, Slot(1));
    EXPECT_EQ(Next(), 3u);
    kad_shortlist_slow(list, Slot(2));
    kad_shortlist_failed(list, Slot(2));
    EXPECT_EQ(Next(), 4u);
    kad_shortlist_replied(list, Slot(3), false);
    EXPECT_FALSE(kad_shortlist_finished(list));
    kad_shortlist_replied(list, Slot(4), false);
    EXPECT_TRUE(kad_shortlist_finished(list));
    EXPECT_EQ(list->slot[list->order[kad_shortlist_replied_from(list, 0)]].contact.id.word[4], 3u);
}

TEST_F(KademliaShortlist, WithNobodyInItIsFinished)
{
    Start(2, 2);
    EXPECT_EQ(Next(), 0u);
    EXPECT_TRUE(kad_shortlist_finished(list));
    EXPECT_EQ(kad_shortlist_replied_from(list, 0), -1);
}

TEST_F(KademliaShortlist, NeverGivesAwayTheSlotOfANodeThatIsAsked)
{
    Start(1, 1); /* 10 slots */
    Add(1000);
    int asked = Slot(1000);
    EXPECT_EQ(Next(), 1000u);
    for (uint32_t low = 500; low > 400; low--) {
        Add(low);
    }
    EXPECT_EQ(list->count, list->capacity);
    EXPECT_EQ(Slot(1000), asked);
    EXPECT_EQ(Slot(401), list->order[0]);
    EXPECT_FALSE(Add(1001)); /* farther than all */
    kad_shortlist_replied(list, asked, false);
    Add(7);
    EXPECT_EQ(Slot(1000), -1); /* now it may go */
    for (int i = 1; i < list->count; i++) {
        EXPECT_LT(list->slot[list->order[i - 1]].contact.id.word[4],
                  list->slot[list->order[i]].contact.id.word[4]);
    }
}

/* --- The store ------------------------------------------------------------------------------- */

class KademliaStore : public testing::Test
{
  protected:
    void SetUp() override
    {
        kad_store_init(&store, 3);
    }
    void TearDown() override
    {
        kad_store_fini(&store);
    }
    bool Put(uint32_t low, const std::string &value, bool cached, uint64_t stored_ns,
             uint64_t expires_ns)
    {
        kad_pair pair = {};
        pair.key = Small(low);
        pair.value = (uint8_t *)value.data();
        pair.value_bytes = (uint16_t)value.size();
        pair.cached = cached;
        pair.stored_ns = stored_ns;
        pair.expires_ns = expires_ns;
        return kad_store_put(&store, &pair);
    }
    std::string Get(uint32_t low, uint64_t now_ns)
    {
        kad_id key = Small(low);
        const kad_pair *pair = kad_store_get(&store, &key, now_ns);
        return pair ? std::string((const char *)pair->value, pair->value_bytes) : "(none)";
    }
    kad_store store;
};

TEST_F(KademliaStore, ReplacesTheValueOfAKeyAndForgetsItWhenItExpires)
{
    EXPECT_TRUE(Put(1, "old", false, 0, 100));
    EXPECT_TRUE(Put(1, "", false, 1, 100));
    EXPECT_EQ(Get(1, 2), "");
    EXPECT_TRUE(Put(1, "new", false, 3, 200));
    EXPECT_EQ(Get(1, 199), "new");
    EXPECT_EQ(Get(1, 200), "(none)");
    EXPECT_EQ(store.count, 1u);
    kad_store_expire(&store, 200);
    EXPECT_EQ(store.count, 0u);
}

TEST_F(KademliaStore, MakesRoomByDroppingTheOldestCachedCopyAndNothingElse)
{
    EXPECT_TRUE(Put(1, "a", false, 0, 100));
    EXPECT_TRUE(Put(2, "b", true, 2, 100));
    EXPECT_TRUE(Put(3, "c", true, 1, 100));
    EXPECT_TRUE(Put(4, "d", false, 3, 100));
    EXPECT_EQ(Get(3, 4), "(none)");
    EXPECT_TRUE(Put(5, "e", false, 4, 100));
    EXPECT_EQ(Get(2, 5), "(none)");
    EXPECT_FALSE(Put(6, "f", false, 5, 100)); /* full of originals */
    EXPECT_EQ(Get(1, 6) + Get(4, 6) + Get(5, 6), "ade");
    EXPECT_TRUE(Put(6, "f", false, 100, 200)); /* those have expired */
}

TEST_F(KademliaStore, CanBeGivenItsOwnPairAgain)
{
    EXPECT_TRUE(Put(1, "value", false, 0, 100));
    kad_id key = Small(1);
    kad_pair pair = *kad_store_get(&store, &key, 0);
    pair.stored_ns = 50;
    EXPECT_TRUE(kad_store_put(&store, &pair));
    EXPECT_EQ(Get(1, 51), "value");
}

} // namespace
