// The guest's reader of what a name server answers, compiled for this machine.
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C" {
#include "dns_message.h"
}

namespace
{

using Bytes = std::vector<uint8_t>;

struct dns_question make(const std::string &name, uint16_t type)
{
    struct dns_question question;
    EXPECT_TRUE(dns_question_make(&question, name.c_str(), type, 0x1234));
    return question;
}

// The question as an answer with these flags and count of records begins.
Bytes answer_to(const struct dns_question &question, uint16_t flags, uint16_t count)
{
    Bytes bytes(question.bytes, question.bytes + question.size_bytes);
    bytes[2] = (uint8_t)(flags >> 8);
    bytes[3] = (uint8_t)flags;
    bytes[6] = (uint8_t)(count >> 8);
    bytes[7] = (uint8_t)count;
    return bytes;
}

void add_record(Bytes &bytes, const Bytes &name, uint16_t type, const Bytes &data)
{
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.insert(bytes.end(), {(uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 0, 9,
                               (uint8_t)(data.size() >> 8), (uint8_t)data.size()});
    bytes.insert(bytes.end(), data.begin(), data.end());
}

enum dns_result read(const struct dns_question &question, const Bytes &bytes,
                     struct dns_record *record)
{
    return dns_answer_read(&question, bytes.data(), (uint32_t)bytes.size(), record);
}

const Bytes kPointer = {0xc0, 12};

} // namespace

TEST(DnsMessage, QuestionsAreLabels)
{
    struct dns_question question = make("peer-1.denali", DNS_TYPE_A);
    Bytes expected = {0x12, 0x34, 1,   0, 0,   1,   0,   0,   0,   0,   0, 0, 6, 'p', 'e', 'e',
                      'r',  '-',  '1', 6, 'd', 'e', 'n', 'a', 'l', 'i', 0, 0, 1, 0,   1};
    EXPECT_EQ(Bytes(question.bytes, question.bytes + question.size_bytes), expected);
    struct dns_question dotted = make("peer-1.denali.", DNS_TYPE_A);
    EXPECT_EQ(Bytes(dotted.bytes, dotted.bytes + dotted.size_bytes), expected);
}

TEST(DnsMessage, WhatIsNoNameIsNotAskedFor)
{
    struct dns_question question;
    std::string label(63, 'x');
    std::string longest = label + "." + label + "." + label + "." + std::string(61, 'x');
    EXPECT_TRUE(dns_question_make(&question, longest.c_str(), DNS_TYPE_A, 0));
    EXPECT_EQ(question.size_bytes, DNS_QUESTION_MAX);
    for (std::string name : {std::string(), std::string("."), std::string("a..b"),
                             std::string(".a"), label + "x", longest + "x"}) {
        EXPECT_FALSE(dns_question_make(&question, name.c_str(), DNS_TYPE_A, 0)) << name;
    }
}

TEST(DnsMessage, AnAddressIsFoundBehindAliases)
{
    struct dns_question question = make("server", DNS_TYPE_A);
    struct dns_record record = {};
    Bytes bytes = answer_to(question, 0x8580, 3);
    add_record(bytes, kPointer, 5, {3, 'w', 'w', 'w', 0xc0, 12});
    add_record(bytes, {1, 'x', 0}, 16, Bytes(200, 7));
    add_record(bytes, {3, 'w', 'w', 'w', 0xc0, 12}, DNS_TYPE_A, {10, 0, 0, 9});
    ASSERT_EQ(read(question, bytes, &record), DNS_FOUND);
    EXPECT_EQ(memcmp(&record.address, "\x0a\0\0\x09", 4), 0);
    for (size_t size = question.size_bytes; size < bytes.size(); size++) {
        EXPECT_EQ(read(question, Bytes(bytes.begin(), bytes.begin() + size), &record), DNS_REFUSED);
    }
}

TEST(DnsMessage, ANameIsReadThroughPointers)
{
    struct dns_question question = make("2.0.0.10.in-addr.arpa", DNS_TYPE_PTR);
    struct dns_record record = {};
    Bytes bytes = answer_to(question, 0x8580, 1);
    add_record(bytes, kPointer, DNS_TYPE_PTR, {6, 's', 'e', 'r', 'v', 'e', 'r', 0xc0, 21});
    ASSERT_EQ(read(question, bytes, &record), DNS_FOUND);
    EXPECT_STREQ(record.name, "server.in-addr.arpa");
    bytes = answer_to(question, 0x8580, 1);
    add_record(bytes, kPointer, DNS_TYPE_PTR, {1, 'a', 2, 'b', 'c', 0});
    ASSERT_EQ(read(question, bytes, &record), DNS_FOUND);
    EXPECT_STREQ(record.name, "a.bc");
}

TEST(DnsMessage, NamesThatGoInCirclesOrNowhereAreRefused)
{
    struct dns_question question = make("2.0.0.10.in-addr.arpa", DNS_TYPE_PTR);
    struct dns_record record = {};
    uint8_t at = (uint8_t)(question.size_bytes + 12); // where the data will be
    Bytes many;
    for (int i = 0; i < 5; i++) {
        many.push_back(63);
        many.insert(many.end(), 63, 'y');
    }
    many.push_back(0);
    for (const Bytes &data :
         {Bytes{0xc0, at}, Bytes{1, 'a', 0xc0, at}, Bytes{0xc0, (uint8_t)(at + 2), 0xc0, at},
          Bytes{0xff, 0xff}, Bytes{0xc0}, Bytes{5, 'a'}, Bytes{0x41, 'a', 0}, Bytes{0},
          Bytes{2, 'a', 0, 0}, many, Bytes{}}) {
        Bytes bytes = answer_to(question, 0x8580, 1);
        add_record(bytes, kPointer, DNS_TYPE_PTR, data);
        EXPECT_EQ(read(question, bytes, &record), DNS_REFUSED) << testing::PrintToString(data);
    }
}

TEST(DnsMessage, ResultsAreToldApart)
{
    struct dns_question question = make("server", DNS_TYPE_A);
    struct dns_record record;
    EXPECT_EQ(read(question, answer_to(question, 0x8580, 0), &record), DNS_NO_NAME);
    EXPECT_EQ(read(question, answer_to(question, 0x8583, 0), &record), DNS_NO_NAME);
    EXPECT_EQ(read(question, answer_to(question, 0x8582, 0), &record), DNS_TROUBLE);
    EXPECT_EQ(read(question, answer_to(question, 0x8585, 0), &record), DNS_REFUSED);
    EXPECT_EQ(read(question, answer_to(question, 0x8780, 0), &record), DNS_REFUSED); // cut
    Bytes short_address = answer_to(question, 0x8580, 1);
    add_record(short_address, kPointer, DNS_TYPE_A, {10, 0, 0});
    EXPECT_EQ(read(question, short_address, &record), DNS_REFUSED);
    Bytes header = answer_to(question, 0x8581, 0);
    header.resize(12);
    EXPECT_EQ(read(question, header, &record), DNS_REFUSED);
}

TEST(DnsMessage, WhatAnswersAnotherQuestionIsNotHeard)
{
    struct dns_question question = make("server", DNS_TYPE_A);
    struct dns_record record;
    Bytes whole = answer_to(question, 0x8580, 1);
    add_record(whole, kPointer, DNS_TYPE_A, {10, 0, 0, 9});
    for (size_t size = 0; size < question.size_bytes; size++) {
        EXPECT_EQ(read(question, Bytes(whole.begin(), whole.begin() + size), &record),
                  DNS_NOT_OURS);
    }
    for (size_t at : {0u, 1u, 5u, 14u, question.size_bytes - 1}) {
        Bytes bytes = whole;
        bytes[at] ^= 0x20;
        EXPECT_EQ(read(question, bytes, &record), DNS_NOT_OURS) << at;
    }
    EXPECT_EQ(read(question, answer_to(question, 0x0100, 0), &record), DNS_NOT_OURS);
}
