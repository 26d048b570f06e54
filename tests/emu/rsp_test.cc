// gdb's remote protocol: framing, registers, and what a session answers to packets good and bad.
#include <cstring>
#include <memory>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

#include "world_fixture.h"

extern "C" {
#include <emu/debug.h>

#include "debug/registers.h"
#include "debug/rsp.h"
}

namespace
{

std::string Framed(const std::string &payload)
{
    unsigned sum = 0;
    for (unsigned char byte : payload) {
        sum += byte;
    }
    char text[4];
    snprintf(text, sizeof text, "#%02x", sum & 255);
    return "$" + payload + text;
}

/* All events that bytes make, and the payloads of packets. */
struct Parsed {
    std::vector<enum rsp_event> events;
    std::vector<std::string> payloads;
};

Parsed Parse(const std::string &bytes)
{
    auto parser = std::make_unique<struct rsp_parser>();
    Parsed parsed;
    rsp_parser_init(parser.get());
    for (char byte : bytes) {
        enum rsp_event event = rsp_parser_take(parser.get(), static_cast<uint8_t>(byte));
        if (event != RSP_NOTHING) {
            parsed.events.push_back(event);
        }
        if (event == RSP_PACKET) {
            parsed.payloads.emplace_back(reinterpret_cast<char *>(parser->payload),
                                         parser->size_bytes);
        }
    }
    return parsed;
}

using Events = std::vector<enum rsp_event>;

TEST(Rsp, FindsPacketsAcknowledgementsAndInterrupts)
{
    Parsed parsed = Parse("+$g#67\x03-$#00" + Framed("m0,4"));
    EXPECT_EQ(parsed.events,
              (Events{RSP_ACK, RSP_PACKET, RSP_INTERRUPT, RSP_NAK, RSP_PACKET, RSP_PACKET}));
    EXPECT_EQ(parsed.payloads, (std::vector<std::string>{"g", "", "m0,4"}));
}

TEST(Rsp, TakesEscapedBytesForWhatTheyMean)
{
    Parsed parsed = Parse(Framed("X0,4:}\x03}\x04}\x5d}\x0a"));
    ASSERT_EQ(parsed.payloads.size(), 1u);
    EXPECT_EQ(parsed.payloads[0], "X0,4:#$}*");
}

TEST(Rsp, RefusesABadChecksumAndFindsTheNext)
{
    EXPECT_EQ(Parse("$g#68$g#67").events, (Events{RSP_BAD, RSP_PACKET}));
    EXPECT_EQ(Parse("$g#6x$g#67").events, (Events{RSP_BAD, RSP_PACKET}));
    EXPECT_EQ(Parse("$gar$g#67").events, (Events{RSP_PACKET})) << "one that was cut off";
    EXPECT_EQ(Parse(Framed("g}")).events, (Events{RSP_BAD})) << "an escape of nothing";
}

TEST(Rsp, RefusesAPacketOfMoreThanItSaidItTakes)
{
    std::string most(RSP_PACKET_MAX, 'a');
    EXPECT_EQ(Parse(Framed(most) + "$g#67").events, (Events{RSP_PACKET, RSP_PACKET}));
    EXPECT_EQ(Parse(Framed(most + "a") + "$g#67").events, (Events{RSP_BAD, RSP_PACKET}));
    EXPECT_EQ(Parse(Framed(std::string(1u << 20, 'a')) + "$g#67").events,
              (Events{RSP_BAD, RSP_PACKET}));
}

TEST(Rsp, WritesRepliesThatItsOwnParserReads)
{
    auto reply = std::make_unique<struct rsp_reply>();
    std::string bytes = "a#b$c}d*e\n";
    rsp_reply_begin(reply.get());
    rsp_reply_binary(reply.get(), bytes.data(), bytes.size());
    uint32_t size_bytes = rsp_reply_end(reply.get());
    EXPECT_EQ(Parse(std::string(reply->bytes, size_bytes)).payloads,
              (std::vector<std::string>{bytes}));
    rsp_reply_begin(reply.get());
    for (int i = 0; i < 100; i++) {
        rsp_reply_text(reply.get(), "%s", std::string(1000, '#').c_str());
    }
    EXPECT_TRUE(reply->full);
    EXPECT_LE(rsp_reply_end(reply.get()), RSP_PACKET_MAX + 4);
}

TEST(Rsp, NumbersHaveABound)
{
    auto number = [](const std::string &text, uint32_t *value) {
        const uint8_t *at = reinterpret_cast<const uint8_t *>(text.data());
        struct rsp_cursor cursor = {at, at + text.size()};
        return rsp_take_number32(&cursor, value);
    };
    uint32_t value;
    EXPECT_TRUE(number("fFfFfFfF", &value));
    EXPECT_EQ(value, UINT32_MAX);
    EXPECT_FALSE(number("100000000", &value));
    EXPECT_FALSE(number("11111111111111111111111111111111", &value));
    EXPECT_FALSE(number("", &value));
    EXPECT_FALSE(number("-1", &value));
}

TEST(GdbRegisters, AreReadAndWrittenBack)
{
    struct vcpu cpu = {};
    cpu.x87.control = 0x37f;
    cpu.x87.top = 6;
    cpu.x87.valid = 0xc0;
    cpu.x87.mantissa[6] = UINT64_C(0xc000000000000000);
    cpu.x87.sign_exponent[6] = 0x4000; /* 3 */
    cpu.x87.conditions = 9;
    cpu.gpr[VCPU_EDI] = 0x01020304;
    cpu.eflags = VCPU_FLAG_CF | VCPU_FLAG_OF;
    const struct vcpu before = cpu;
    uint32_t total = 0;
    for (uint32_t number = 0; number < GDB_REGISTERS; number++) {
        uint8_t bytes[GDB_REGISTER_BYTES_MAX];
        gdb_register_read(&cpu, number, bytes);
        EXPECT_TRUE(gdb_register_write(&cpu, number, bytes)) << number;
        total += gdb_register_bytes(number);
    }
    EXPECT_EQ(memcmp(&cpu, &before, sizeof cpu), 0);
    EXPECT_EQ(total, GDB_REGISTERS_BYTES);
    uint8_t bytes[GDB_REGISTER_BYTES_MAX];
    gdb_register_read(&cpu, 16, bytes); /* st0 is the one at the top */
    EXPECT_EQ(bytes[7], 0xc0);
    EXPECT_EQ(bytes[9], 0x40);
    gdb_register_read(&cpu, 25, bytes); /* the status word */
    EXPECT_EQ(bytes[1], 0x01 | 6 << 3 | 0x40);
    gdb_register_read(&cpu, 26, bytes); /* tags: 6 in use, 7 a zero, the rest empty */
    EXPECT_EQ(bytes[0] | bytes[1] << 8, 0x4fff);
    const uint8_t other[GDB_REGISTER_BYTES_MAX] = {0x7f};
    EXPECT_FALSE(gdb_register_write(&cpu, 10, other)) << "segment registers are constants";
    EXPECT_FALSE(gdb_register_write(&cpu, 17 + 1, other)) << "an empty x87 register";
    EXPECT_TRUE(gdb_register_write(&cpu, 9, other));
    EXPECT_EQ(cpu.eflags, 0x7fu & VCPU_FLAG_ALL);
    EXPECT_EQ(gdb_register_bytes(GDB_REGISTERS), 0u);
}

/* A session with somebody at the other end of a socket. */
class Line
{
  public:
    explicit Line(const std::string &yaml, uint64_t end_ns = 10000000) : world(yaml)
    {
        struct emu_debug_options options = {};
        options.end_ns = end_ns;
        options.told = [](void *context, const char *text) {
            static_cast<Line *>(context)->told += text;
        };
        options.context = this;
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_debug_create(world.get(), &options, &debug, &error), STATUS_OK);
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
        server = std::thread([this] {
            struct error refused = ERROR_INIT;
            EXPECT_EQ(emu_debug_serve(debug, sockets[1], sockets[1], nullptr, &refused), STATUS_OK);
            shutdown(sockets[1], SHUT_RDWR);
        });
    }

    ~Line()
    {
        shutdown(sockets[0], SHUT_RDWR);
        server.join();
        close(sockets[0]);
        close(sockets[1]);
        emu_debug_destroy(debug);
    }

    void Send(const std::string &bytes) const
    {
        /* Who is gone does not hear it: Next says so. */
        (void)send(sockets[0], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

    /* The next packet; "gone" if there is none. */
    std::string Next()
    {
        for (char byte; read(sockets[0], &byte, 1) == 1;) {
            enum rsp_event event = rsp_parser_take(&parser, static_cast<uint8_t>(byte));
            if (event == RSP_PACKET) {
                return {reinterpret_cast<char *>(parser.payload), parser.size_bytes};
            }
            last = event;
        }
        return "gone";
    }

    std::string Ask(const std::string &payload)
    {
        Send(Framed(payload));
        return Next();
    }

    /* The text of a monitor command's answer. */
    std::string Monitor(const std::string &command)
    {
        std::string hex;
        std::string text;
        for (unsigned char byte : command) {
            char digits[3];
            snprintf(digits, sizeof digits, "%02x", byte);
            hex += digits;
        }
        Send(Framed("qRcmd," + hex));
        for (std::string part = Next(); part != "OK"; part = Next()) {
            if (part.empty() || part[0] != 'O') {
                return "not text: " + part;
            }
            for (size_t i = 1; i + 1 < part.size(); i += 2) {
                text += (char)std::stoi(part.substr(i, 2), nullptr, 16);
            }
        }
        return text;
    }

    TestWorld world;
    struct emu_debug *debug = nullptr;
    std::string told; /* of the server's thread: to be read after an answer */
    int sockets[2];
    struct rsp_parser parser = {};
    enum rsp_event last = RSP_NOTHING;
    std::thread server;
};

TEST(Gdb, SaysWhatItCanDo)
{
    Line line(OneMachine("hello"));
    std::string can = line.Ask("qSupported:swbreak+;xmlRegisters=i386");
    for (const char *word : {"PacketSize=4000", "ReverseStep+", "ReverseContinue+", "swbreak+",
                             "qXfer:features:read+", "qXfer:threads:read+"}) {
        EXPECT_NE(can.find(word), std::string::npos) << word << " in " << can;
    }
    EXPECT_EQ(line.Ask("vMustReplyEmpty"), "");
    EXPECT_EQ(line.Ask("vCont?"), "vCont;c;C;s;S;r");
    EXPECT_EQ(line.Ask("?"), "T05thread:1;");
    EXPECT_EQ(line.Ask("QStartNoAckMode"), "OK");
    EXPECT_EQ(line.Ask("g").size(), 2u * GDB_REGISTERS_BYTES);
    EXPECT_EQ(line.Ask("qXfer:features:read:target.xml:0,9"), "m<?xml ver");
    EXPECT_EQ(line.Ask("qXfer:features:read:other.xml:0,9"), "E00");
    EXPECT_EQ(line.Ask("qXfer:exec-file:read:1:0,fff"), "l" + GuestPath("hello"));
    EXPECT_EQ(line.Ask("qXfer:threads:read::0,fff"),
              "l<?xml version=\"1.0\"?><threads><thread id=\"1\" name=\"machine\">running, "
              "debugged</thread></threads>");
    EXPECT_EQ(line.Ask("qfThreadInfo"), "m1");
    EXPECT_EQ(line.Ask("qsThreadInfo"), "l");
    EXPECT_EQ(line.Ask("D"), "OK");
    EXPECT_EQ(line.Ask("g"), "gone");
}

TEST(Gdb, StepsRunsAndGoesBack)
{
    Line line(OneMachine("hello"));
    std::string start = line.Ask("g");
    EXPECT_EQ(line.Ask("vCont;s:1;c"), "T05thread:1;");
    EXPECT_EQ(line.Ask("p8"), "05100100");
    EXPECT_EQ(line.Ask("bs"), "T05thread:1;");
    EXPECT_EQ(line.Ask("g"), start);
    EXPECT_EQ(line.Ask("bs"), "T05thread:1;replaylog:begin;");
    EXPECT_EQ(line.Ask("Z0,1100a,1"), "OK");
    EXPECT_EQ(line.Ask("vCont;c"), "T05thread:1;") << "nobody has said swbreak";
    line.Ask("qSupported:swbreak+");
    EXPECT_EQ(line.Ask("s").substr(0, 5), "O6865") << "what it prints";
    EXPECT_EQ(line.Next(), "T05thread:1;");
    EXPECT_EQ(line.Ask("bc"), "T05thread:1;swbreak:;");
    EXPECT_EQ(line.Ask("p8"), "0a100100");
    EXPECT_EQ(line.Ask("z0,1100a,1"), "OK");
    EXPECT_EQ(line.Ask("c").substr(0, 5), "O5b6d") << "that it ended, and not again what it prints";
    EXPECT_EQ(line.Next(), "T05thread:1;");
    EXPECT_EQ(line.Ask("c").substr(0, 1), "O");
    EXPECT_EQ(line.Next(), "T05thread:1;replaylog:end;");
}

TEST(Gdb, AnswersWhatIsBadWithAnErrorAndWhatIsUnknownWithNothing)
{
    Line line(OneMachine("hello"));
    for (const char *bad : {"m",
                            "m11000",
                            "m11000,",
                            "m11000,1x",
                            "mffffffffff,1",
                            "m0,4",
                            "m1000,4",
                            "mc0000000,4",
                            "M11000,2:0",
                            "M11000,2:0g",
                            "M11000,1:0000",
                            "M0,1:00",
                            "Mfffffff,ffffffff:00",
                            "X11000,5:ab",
                            "p",
                            "p20",
                            "pffffffff",
                            "P8",
                            "P8=",
                            "P8=0102030",
                            "P20=00000000",
                            "P=00000000",
                            "Pa=00000000",
                            "G",
                            "G00",
                            "Hx1",
                            "Hg",
                            "Hg2",
                            "Hgffffffffffffffffffff",
                            "T",
                            "T0",
                            "T2",
                            "Z",
                            "Z0",
                            "Z0,",
                            "Z0,11000",
                            "Z0,11000,",
                            "Z2,11000,0",
                            "Z2,11000,7fffffff",
                            "vCont;",
                            "vCont;x",
                            "vCont;r1",
                            "vCont;r1,2:7",
                            "vCont;s:99",
                            "Sxx",
                            "cxx",
                            "qXfer:threads:read::fffffff,1",
                            "qXfer:threads:read::1",
                            "qXfer:features:read:target.xml:99999999,1",
                            "qRcmd,0",
                            "qRcmd,0g",
                            "qThreadExtraInfo,9"}) {
        std::string answer = line.Ask(bad);
        EXPECT_EQ(answer, "E01") << bad;
    }
    for (const char *unknown : {"", "!", "R00", "i", "Z5,11000,1", "Z0,11000,1;X1,00", "bx", "bs1",
                                "qOffsets", "qTStatus", "Qfoo", "vFile:open:00", "\x01\x02"}) {
        EXPECT_EQ(line.Ask(unknown), "") << unknown;
    }
    EXPECT_EQ(line.Ask("m11000,1"), "ba") << "it is as well as before";
    line.Send("$m11000,1#00");
    line.Send(Framed("m11000,1"));
    EXPECT_EQ(line.Next(), "ba");
    EXPECT_EQ(line.Ask("mfffff,8").size(), 2u) << "as much of it as is memory";
}

TEST(Gdb, WritesWhatIsMemoryAndRegisters)
{
    Line line(OneMachine("hello"));
    EXPECT_EQ(line.Ask("M12000,4:01020304"), "OK");
    EXPECT_EQ(line.Ask("m12000,4"), "01020304");
    EXPECT_EQ(line.Ask("X12000,3:abc"), "OK");
    EXPECT_EQ(line.Ask("X12000,0:"), "OK") << "gdb asks so whether there is X";
    EXPECT_EQ(line.Ask("m12000,4"), "61626304");
    EXPECT_EQ(line.Ask("P1=44332211"), "OK");
    EXPECT_EQ(line.Ask("p1"), "44332211");
    std::string all = line.Ask("g");
    EXPECT_EQ(line.Ask("G" + all), "OK");
    EXPECT_EQ(line.Ask("g"), all);
    EXPECT_EQ(line.Ask("bs"), "T05thread:1;replaylog:begin;") << "before a write is no past";
}

TEST(Gdb, SaysWhyNothingIsWrittenInThePast)
{
    Line line(OneMachine("hello"));
    EXPECT_EQ(line.Ask("s"), "T05thread:1;");
    EXPECT_EQ(line.Ask("s"), "T05thread:1;");
    EXPECT_EQ(line.Ask("bs"), "T05thread:1;");
    const std::string why = "E.the debugged node is at a moment of its past, where nothing can be";
    const std::string all = line.Ask("g");
    EXPECT_EQ(line.Ask("P1=44332211").substr(0, why.size()), why);
    EXPECT_EQ(line.Ask("G" + std::string(all.size(), '1')).substr(0, why.size()), why);
    EXPECT_EQ(line.told, "") << "gdb shows that of registers";
    EXPECT_EQ(line.Ask("M12000,4:01020304").substr(0, why.size()), why);
    EXPECT_EQ(line.told.find("the debugged node is at a moment of its past"), 0u) << line.told;
    EXPECT_EQ(line.Ask("X12000,3:abc").substr(0, why.size()), why);
    EXPECT_EQ(line.Ask("X12000,0:"), "OK") << "nothing is written";
    EXPECT_EQ(line.Ask("g"), all);
    EXPECT_EQ(line.Ask("s"), "T05thread:1;");
    EXPECT_EQ(line.Ask("M12000,4:01020304"), "OK") << "it is where the world stands";
}

TEST(Gdb, CtrlCStopsAWorldThatRunsForEver)
{
    Line line(OneMachine("spin"), 1000000000000000);
    line.Send(Framed("c"));
    usleep(20000);
    line.Send("\x03");
    EXPECT_EQ(line.Next(), "T02thread:1;");
    EXPECT_EQ(line.Ask("bs"), "T05thread:1;");
    line.Send(Framed("c") + "\x03");
    EXPECT_EQ(line.Next(), "T02thread:1;");
}

TEST(Gdb, MonitorTellsOfTheWorldAndGoesToATime)
{
    Line line("general: {name: test, duration: 100s}\n"
              "networks: [{name: lan, type: lan, latency: 3ms}]\n"
              "groups:\n- {name: peer, image: " +
                  GuestPath("chatter") + ", count: 3, network: lan, memory: 1MiB}\n",
              100000000);
    EXPECT_NE(line.Monitor("help").find("monitor goto"), std::string::npos);
    EXPECT_NE(line.Monitor("gato 3s").find("did you mean `goto`?"), std::string::npos);
    EXPECT_NE(line.Monitor("goto").find("expected TIME"), std::string::npos);
    EXPECT_NE(line.Monitor("goto soon").find("monitor goto"), std::string::npos);
    EXPECT_NE(line.Monitor("goto 30ms").find("the world: 0.030000000 s"), std::string::npos);
    EXPECT_NE(line.Monitor("time").find("peer-0: 0.030"), std::string::npos);
    EXPECT_NE(line.Monitor("frames").find("bytes from peer-"), std::string::npos)
        << "3 ms from everybody to everybody, and they talk all the time";
    EXPECT_NE(line.Monitor("interrupts").find("peer-0: pending: "), std::string::npos);
    EXPECT_NE(line.Monitor("node peer-2").find("thread 3"), std::string::npos);
    EXPECT_NE(line.Monitor("node peer-7").find("monitor node"), std::string::npos);
    EXPECT_EQ(line.Ask("bs"), "T05thread:3;");
    EXPECT_NE(line.Monitor("time").find("this is its past"), std::string::npos);
    EXPECT_NE(line.Monitor("frames").find("of its past"), std::string::npos);
    EXPECT_NE(line.Monitor("goto 10ms").find("the world: 0.010000000 s"), std::string::npos);
    EXPECT_NE(line.Monitor("goto 200s").find("the run ends at 0.100000000 s"), std::string::npos);
    EXPECT_NE(line.Monitor("time").find("the world: 0.010000000 s"), std::string::npos);
    EXPECT_NE(line.Monitor("goto 100ms").find("the world: 0.100000000 s"), std::string::npos);
    EXPECT_EQ(line.Ask("qRcmd," + std::string(4000, '6')), "E01");
}

} // namespace
