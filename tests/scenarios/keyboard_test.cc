// What a scenario types becomes keys going down and up; screens have a size.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

extern "C" {
#include "keys.h"
}

namespace
{

std::string Typing(const std::string &entries)
{
    return small_with("    count: 4\n", "    count: 4\n    keyboard:\n" + entries);
}

// "+04@100" goes down at 100 ms, "-04@105" up.
std::string Events(const std::string &entries)
{
    std::string message;
    Scenario s = load(Typing(entries), &message);
    if (!s) {
        return message;
    }
    std::string text;
    for (uint32_t i = 0; i < s->groups[0].key_event_count; i++) {
        const scn_key_event &event = s->groups[0].key_events[i];
        char one[40];
        snprintf(one, sizeof one, "%s%c%02x@%llu", i == 0 ? "" : " ", event.pressed ? '+' : '-',
                 event.usage, static_cast<unsigned long long>(event.at_ns / 1000000));
        text += one;
    }
    return text;
}

TEST(ScenarioKeyboard, TextIsStrokesWithShiftWhereAUsKeyboardNeedsIt)
{
    EXPECT_EQ(Events("      - {at: 1s, keys: \"aB\"}\n"),
              "+04@1000 -04@1005 +e1@1010 +05@1010 -05@1015 -e1@1015");
    EXPECT_EQ(Events("      - {at: 0s, every: 0s, keys: \"1!\\n <Left><f12><lt>\"}\n"),
              "+1e@0 -1e@0 +e1@0 +1e@0 -1e@0 -e1@0 +28@0 -28@0 +2c@0 -2c@0 +50@0 -50@0 +45@0 -45@0 "
              "+e1@0 +36@0 -36@0 -e1@0");
}

TEST(ScenarioKeyboard, KeysCanBeHeldAndTypedAcross)
{
    EXPECT_EQ(Events("      - {at: 1s, press: LeftControl}\n"
                     "      - {at: 1s, every: 2s, keys: cc}\n"
                     "      - {at: 2s, release: leftcontrol}\n"),
              "+e0@1000 +06@1000 -06@2000 -e0@2000 +06@3000 -06@4000");
    EXPECT_EQ(Events("      - {at: 1s, press: q}\n      - {at: 1s, release: Q}\n"),
              "+14@1000 -14@1000");
}

TEST(ScenarioKeyboard, EveryCharacterAndNameHasAKeyOfItsOwnPlace)
{
    for (char c = ' '; c < 0x7f; c++) {
        const char text[2] = {c, '\0'};
        const char *next = c == '<' ? "<lt>" : text;
        key_stroke stroke;
        ASSERT_TRUE(key_take(&next, &stroke)) << c;
        EXPECT_EQ(*next, '\0');
        EXPECT_GE(stroke.usage, 0x04u);
        EXPECT_LE(stroke.usage, 0x38u);
        EXPECT_EQ(key_find(text) != 0, !stroke.shifted || (c >= 'A' && c <= 'Z')) << c;
    }
    EXPECT_EQ(key_find("Enter"), 0x28u);
    EXPECT_EQ(key_find("RightGUI"), 0xe7u);
    EXPECT_EQ(key_find("/"), 0x38u);
    EXPECT_EQ(key_find(""), 0u);
    EXPECT_EQ(key_find("ab"), 0u);
}

TEST(ScenarioKeyboard, WhatCannotBeTypedIsToldByLineAndField)
{
    EXPECT_EQ(Events("      - {at: 1s}\n"),
              "test.yaml:13: groups.peers.keyboard.0.keys: expected one of 'keys', 'press' and "
              "'release' in each entry");
    EXPECT_EQ(Events("      - {at: 1s, keys: a, press: b}\n"),
              "test.yaml:13: groups.peers.keyboard.0.keys: expected one of 'keys', 'press' and "
              "'release' in each entry");
    EXPECT_EQ(Events("      - {at: 1s, press: Entre}\n"),
              "test.yaml:13: groups.peers.keyboard.0.press: expected the name of a key such as "
              "Enter, Left or F1, found 'Entre'; did you mean 'Enter'?");
    EXPECT_EQ(Events("      - {at: 1s, keys: \"a\xc3\xa9\"}\n"),
              "test.yaml:13: groups.peers.keyboard.0.keys: expected what a US keyboard types, and "
              "<NAME> for other keys; there is no key for what begins '\xc3\xa9'");
    for (const char *keys : {"<", "<>", "<Nope>", "a<Left"}) {
        EXPECT_NE(Events(std::string("      - {at: 1s, keys: \"") + keys + "\"}\n")
                      .find("there is no key for what begins '<"),
                  std::string::npos)
            << keys;
    }
    EXPECT_EQ(Events("      - {at: 2s, keys: a}\n      - {at: 1s, keys: b}\n"),
              "test.yaml:14: groups.peers.keyboard.1.at: expected a time not before the entry "
              "above");
    EXPECT_EQ(Events("      - {at: 1s, every: 8000h, keys: abc}\n"),
              "test.yaml:13: groups.peers.keyboard.0.every: expected the last key within a year of "
              "the start");
    EXPECT_EQ(Events("      - {at: 1s, every: 1ns, keys: " + std::string(32769, 'a') + "}\n"),
              "test.yaml:13: groups.peers.keyboard.0.at: expected at most 65536 keys going down or "
              "up in a group");
}

TEST(ScenarioKeyboard, IsWrittenAndReadBackTheSame)
{
    std::string message;
    Scenario s = load(Typing("      - {at: 1s, keys: \"x<Left>\\n\", every: 3ms}\n"
                             "      - {at: 2s, press: \"=\"}\n    screen: 320x200\n"),
                      &message);
    ASSERT_TRUE(s) << message;
    Scenario again = load(resolved(s.get()), &message);
    ASSERT_TRUE(again) << message << "\n" << resolved(s.get());
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get()));
    EXPECT_EQ(again->groups[0].key_event_count, s->groups[0].key_event_count);
    EXPECT_EQ(again->groups[0].screen_width, 320u);
    EXPECT_EQ(again->groups[0].screen_height, 200u);
    EXPECT_EQ(again->groups[1].screen_width, 0u);
    again->groups[0].screen_height++;
    EXPECT_FALSE(scn_scenario_equal(s.get(), again.get()));
}

TEST(ScenarioScreen, IsAWidthAndAHeightInBounds)
{
    for (const char *good : {"1x1", "4096x4096", "640x480"}) {
        EXPECT_EQ(error_of(small_with("count: 4", std::string("screen: ") + good)), "no error");
    }
    for (const char *bad : {"0x1", "1x0", "4097x1", "1x4097", "640", "640x", "x480", "640x480x2",
                            "640 x 480", "0640x480", "-1x5", "99999x1", "[640, 480]"}) {
        EXPECT_EQ(error_of(small_with("count: 4", std::string("screen: ") + bad))
                      .find("test.yaml:11: groups.peers.screen: expected WIDTHxHEIGHT such as "
                            "640x480, each from 1 to 4096, found "),
                  0u)
            << bad;
    }
}

} // namespace
