/* The HTTP programs without sockets: what is read, what is refused, what is answered. */
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

extern "C" {
#include "http/connection.h"
#include "http/exchange.h"
#include "http/path.h"
}

using support::TemporaryFolder;

namespace
{

/* --- Heads ----------------------------------------------------------------------------------- */

unsigned StatusOf(const std::string &head, http_request *request = nullptr)
{
    http_request unused;
    std::string bytes = head + "\r\n\r\n";
    size_t length = http_head_length(bytes.data(), bytes.size());
    EXPECT_EQ(length, bytes.size()) << head;
    return http_request_parse(request ? request : &unused, bytes.data(), length);
}

TEST(HttpHead, RequestLineIsTakenByTheLetter)
{
    const std::pair<const char *, unsigned> lines[] = {
        {"GET / HTTP/1.1", 0},
        {"GET /a?b=c HTTP/1.1", 0},
        {"GET http://example.org/a HTTP/1.1", 0},
        {"GET HTTP://example.org HTTP/1.1", 0},
        {"OPTIONS * HTTP/1.1", 0},
        {"PROPFIND / HTTP/1.1", 501},
        {"get / HTTP/1.1", 501},
        {"GET / HTTP/2.0", 505},
        {"GET / HTTP/1.1 ", 400},
        {"GET  / HTTP/1.1", 400},
        {" GET / HTTP/1.1", 400},
        {"GET\t/ HTTP/1.1", 400},
        {"GET / http/1.1", 400},
        {"GET / HTTP/1.10", 400},
        {"GET /", 400},
        {"GET", 400},
        {"GET * HTTP/1.1", 400},
        {"GET a HTTP/1.1", 400},
        {"GET /\x7f HTTP/1.1", 400},
        {"GET /\xc3\xa9 HTTP/1.1", 400},
        {"GET /a\rb HTTP/1.1", 400},
        {"G<T / HTTP/1.1", 400},
    };
    for (const auto &[line, status] : lines) {
        EXPECT_EQ(StatusOf(std::string(line) + "\r\nHost: a"), status) << line;
    }
}

TEST(HttpHead, FieldsThatCouldBeReadInTwoWaysAreRefused)
{
    const std::pair<const char *, unsigned> fields[] = {
        {"Host: a", 0},
        {"host:a\r\nX-Any: \t value \t", 0},
        {"Host: a\r\nHost: a", 400},
        {"X: y", 400}, /* no host */
        {"Host: a\r\nX : y", 400},
        {"Host: a\r\n X: folded", 400},
        {"Host: a\r\nX", 400},
        {"Host: a\r\n: y", 400},
        {"Host: a\r\nX: a\x01z", 400},
        {"Host: a\r\nX: a\rb", 400},
        {"Host: a\r\nContent-Length: 5", 0},
        {"Host: a\r\nContent-Length: 5\r\nContent-Length: 5", 0},
        {"Host: a\r\nContent-Length: 5, 5", 0},
        {"Host: a\r\nContent-Length: 5\r\nContent-Length: 6", 400},
        {"Host: a\r\nContent-Length: +5", 400},
        {"Host: a\r\nContent-Length: 5 6", 400},
        {"Host: a\r\nContent-Length: ", 400},
        {"Host: a\r\nContent-Length: 0x5", 400},
        {"Host: a\r\nContent-Length: 9999999999999999999", 400},
        {"Host: a\r\nTransfer-Encoding: chunked", 0},
        {"Host: a\r\nTransfer-Encoding: Chunked", 0},
        {"Host: a\r\nTransfer-Encoding: gzip, chunked", 501},
        {"Host: a\r\nTransfer-Encoding: chunked, gzip", 501},
        {"Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501},
        {"Host: a\r\nTransfer-Encoding: xchunked", 501},
        {"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", 400},
        {"Host: a\r\nExpect: 100-continue", 0},
        {"Host: a\r\nExpect: tea", 417},
    };
    for (const auto &[text, status] : fields) {
        EXPECT_EQ(StatusOf(std::string("GET / HTTP/1.1\r\n") + text), status) << text;
    }
    EXPECT_EQ(StatusOf(std::string("GET / HTTP/1.1\r\nHost: a\0", 25)), 400u) << "a NUL at an end";
    EXPECT_EQ(StatusOf("GET / HTTP/1.0"), 0u) << "no host is needed";
    EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\nTransfer-Encoding: chunked"), 400u);
}

TEST(HttpHead, ConnectionStaysAsVersionAndFieldsSay)
{
    const std::pair<const char *, bool> heads[] = {
        {"GET / HTTP/1.1\r\nHost: a", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE ,y", false},
        {"GET / HTTP/1.0\r\nHost: a", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close", false},
    };
    for (const auto &[head, stays] : heads) {
        http_request request;
        ASSERT_EQ(StatusOf(head, &request), 0u) << head;
        EXPECT_EQ(request.framing.keep_alive, stays) << head;
    }
}

TEST(HttpHead, IsWholeWithItsBlankLineAndNotBefore)
{
    std::string whole = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
    for (size_t size = 0; size < whole.size() - 3; size++) {
        EXPECT_EQ(http_head_length(whole.data(), size), 0u) << size;
    }
    EXPECT_EQ(http_head_length(whole.data(), whole.size()), whole.size() - 3);
    std::string bare = "GET / HTTP/1.1\nHost: a\n\n";
    EXPECT_EQ(http_head_length(bare.data(), bare.size()), bare.size());
}

TEST(HttpHead, OfAResponseIsRead)
{
    http_response response;
    std::string head = "HTTP/1.1 206 Partial Content\r\nETag: \"x\"\r\nContent-Length: 3\r\n\r\n";
    ASSERT_TRUE(http_response_parse(&response, head.data(), head.size()));
    EXPECT_EQ(response.status, 206u);
    EXPECT_EQ(response.framing.content_length, 3u);
    EXPECT_TRUE(http_text_is(response.etag, "\"x\""));
    for (const char *bad :
         {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
          "HTTP/1.1 099 Odd\r\n\r\n", "HTTP/1.1 200 OK\r\nX\r\n\r\n"}) {
        EXPECT_FALSE(http_response_parse(&response, bad, strlen(bad))) << bad;
    }
}

/* --- Paths ----------------------------------------------------------------------------------- */

TEST(HttpPath, StaysBelowTheRoot)
{
    const std::pair<const char *, const char *> targets[] = {
        {"/", "/"},
        {"/a/b.html", "/a/b.html"},
        {"/a/b?c=/../..", "/a/b"},
        {"/a%20b", "/a b"},
        {"//a///b", "/a/b"},
        {"/a/", "/a/"},
        {"/a//", "/a/"},
        {"/./a/./b/.", "/a/b/"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/...", "/a/..."},
        {"/..a/b..", "/..a/b.."},
        {"/..", nullptr},
        {"/../etc/passwd", nullptr},
        {"/a/../../b", nullptr},
        {"/%2e%2e/b", nullptr},
        {"/a/%2E%2e%2f%2e./b", nullptr},
        {"/%00", nullptr},
        {"/a%0ab", nullptr},
        {"/%", nullptr},
        {"/%4", nullptr},
        {"/%zz", nullptr},
        {"", nullptr},
        {"a", nullptr},
    };
    for (const auto &[target, expected] : targets) {
        char path[HTTP_PATH_MAX];
        bool ok = http_path_of_target({target, strlen(target)}, path);
        ASSERT_EQ(ok, expected != nullptr) << target << " " << path;
        if (expected) {
            EXPECT_STREQ(path, expected) << target;
        }
    }
    std::string longest(HTTP_PATH_MAX - 1, 'a'), longer(HTTP_PATH_MAX, 'a');
    char path[HTTP_PATH_MAX];
    longest[0] = longer[0] = '/';
    EXPECT_TRUE(http_path_of_target({longest.data(), longest.size()}, path));
    EXPECT_FALSE(http_path_of_target({longer.data(), longer.size()}, path));
}

/* --- A server's connection ------------------------------------------------------------------- */

std::vector<unsigned> g_answered;

uint64_t Seconds()
{
    return 784111777; /* RFC 9110's own example of a date */
}

class HttpConnection : public testing::Test
{
  protected:
    HttpConnection()
    {
        std::filesystem::create_directory(folder_.path("www"));
        std::filesystem::create_directory(folder_.path("www/sub"));
        std::filesystem::create_directory(folder_.path("www/empty"));
        folder_.write("secret", "keep out");
        folder_.write("www/index.html", "<p>start</p>");
        folder_.write("www/sub/index.html", "<p>sub</p>");
        folder_.write("www/a b.css", "p {}");
        root_ = folder_.path("www");
        settings_ = {root_.c_str(), Seconds, [](unsigned status) { g_answered.push_back(status); }};
        g_answered.clear();
        http_connection_init(&connection_, &settings_);
    }
    ~HttpConnection() override
    {
        http_connection_fini(&connection_);
    }

    void Restart()
    {
        http_connection_fini(&connection_);
        http_connection_init(&connection_, &settings_);
    }

    std::string Drain(size_t piece = 4096)
    {
        std::string all, bytes(piece, '\0');
        while (size_t size = http_connection_peek(&connection_, bytes.data(), piece)) {
            all.append(bytes, 0, size);
            http_connection_sent(&connection_, size);
        }
        return all;
    }

    /* What comes back to the bytes, given in pieces and taken in pieces. */
    std::string Say(const std::string &bytes, size_t in = 1 << 20, size_t out = 4096)
    {
        std::string all;
        for (size_t at = 0; at < bytes.size();) {
            size_t room = http_connection_room(&connection_);
            size_t part = std::min({in, room, bytes.size() - at});
            if (part == 0) {
                break; /* it has said its last */
            }
            http_connection_receive(&connection_, bytes.data() + at, part);
            at += part;
            all += Drain(out);
        }
        return all;
    }

    static std::string Get(const std::string &target, const std::string &more = "")
    {
        return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n";
    }

    /* The answer to one request on a new connection. */
    std::string Ask(const std::string &request)
    {
        Restart();
        return Say(request);
    }

    TemporaryFolder folder_;
    std::string root_;
    http_settings settings_;
    http_connection connection_;
};

std::string Body(const std::string &answer)
{
    size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
}

bool Has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

TEST_F(HttpConnection, AFileComesWithLengthTypeTagAndDate)
{
    std::string answer = Ask(Get("/"));
    EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0u);
    EXPECT_TRUE(Has(answer, "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n")) << answer;
    EXPECT_TRUE(Has(answer, "\r\nContent-Length: 12\r\n"));
    EXPECT_TRUE(Has(answer, "\r\nContent-Type: text/html"));
    EXPECT_FALSE(Has(answer, "Connection:"));
    EXPECT_EQ(Body(answer), "<p>start</p>");
    EXPECT_EQ(Body(Ask(Get("/a%20b.css"))), "p {}");
    EXPECT_TRUE(Has(Ask(Get("/a%20b.css")), "text/css"));
    EXPECT_EQ(Body(Ask(Get("/sub/"))), "<p>sub</p>");
    EXPECT_TRUE(Has(Ask(Get("/sub")), "\r\nLocation: /sub/\r\n"));
}

TEST_F(HttpConnection, StatusIsTheOneTheStandardNames)
{
    const std::string big(HTTP_HEAD_MAX, 'x');
    const std::pair<std::string, std::string> asked[] = {
        {Get("/nothing"), "404 Not Found"},
        {Get("/empty/"), "404 Not Found"},
        {Get("/index.html/"), "404 Not Found"},
        {Get("/bytes/"), "404 Not Found"},
        {Get("/bytes/1x"), "404 Not Found"},
        {Get("/bytes/99999999999"), "404 Not Found"},
        {Get("/../secret"), "400 Bad Request"},
        {Get("/%2e%2e/secret"), "400 Bad Request"},
        {Get("/sub"), "301 Moved Permanently"},
        {"nonsense\r\n\r\n", "400 Bad Request"},
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505 HTTP Version Not Supported"},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "501 Not Implemented"},
        {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "405 Method Not Allowed"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "405 Method Not Allowed"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", "413 Content Too Large"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
         "400 Bad Request"},
        {"GET /" + big, "414 URI Too Long"},
        {"GET / HTTP/1.1\r\nX: " + big, "431 Request Header Fields Too Large"},
        {Get("/", "Expect: tea\r\n"), "417 Expectation Failed"},
        {Get("/bytes/10", "Range: bytes=10-\r\n"), "416 Range Not Satisfiable"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "204 No Content"},
    };
    for (const auto &[request, status] : asked) {
        std::string answer = Ask(request);
        EXPECT_EQ(answer.find("HTTP/1.1 " + status + "\r\n"), 0u)
            << request.substr(0, 60) << " -> " << answer.substr(0, 60);
        /* Exactly one answer, and its length is the announced one. */
        EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
    }
    EXPECT_TRUE(Has(Ask("PUT / HTTP/1.1\r\nHost: a\r\n\r\n"), "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
}

TEST_F(HttpConnection, HeadIsGetWithoutItsBody)
{
    for (const char *target : {"/", "/bytes/1000", "/chunked/1000", "/nothing"}) {
        std::string get = Ask(Get(target));
        std::string head = Ask("HEAD" + Get(target).substr(3));
        EXPECT_EQ(head, get.substr(0, get.find("\r\n\r\n") + 4)) << target;
    }
}

TEST_F(HttpConnection, RangesAreCutFromTheWhole)
{
    std::string whole = Body(Ask(Get("/bytes/1000")));
    const std::tuple<const char *, size_t, size_t> ranges[] = {
        {"0-0", 0, 1},    {"0-", 0, 1000},    {"10-19", 10, 10}, {"990-2000", 990, 10},
        {"-10", 990, 10}, {"-2000", 0, 1000}, {"999-", 999, 1},
    };
    ASSERT_EQ(whole.size(), 1000u);
    for (const auto &[range, first, size] : ranges) {
        std::string answer = Ask(Get("/bytes/1000", std::string("Range: bytes=") + range + "\r\n"));
        EXPECT_EQ(answer.find("HTTP/1.1 206 "), 0u) << range;
        EXPECT_TRUE(Has(answer, "\r\nContent-Range: bytes " + std::to_string(first) + "-" +
                                    std::to_string(first + size - 1) + "/1000\r\n"))
            << answer;
        EXPECT_EQ(Body(answer), whole.substr(first, size)) << range;
    }
    /* What is no single range of bytes is passed over. */
    for (const char *range : {"bytes=0-1,5-6", "bytes=5-1", "lines=0-1", "bytes=-", "bytes=a-b"}) {
        EXPECT_EQ(Body(Ask(Get("/bytes/1000", std::string("Range: ") + range + "\r\n"))), whole)
            << range;
    }
    EXPECT_EQ(Body(Ask(Get("/bytes/1000", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"))), whole);
}

TEST_F(HttpConnection, ATagThatIsKnownSavesTheBody)
{
    std::string answer = Ask(Get("/"));
    size_t at = answer.find("ETag: ") + 6;
    std::string tag = answer.substr(at, answer.find('\r', at) - at);
    EXPECT_EQ(tag.size(), 34u);
    for (const std::string &list : {tag, "\"x\", W/" + tag, std::string("*")}) {
        std::string again = Ask(Get("/", "If-None-Match: " + list + "\r\n"));
        EXPECT_EQ(again.find("HTTP/1.1 304 Not Modified\r\n"), 0u) << list;
        EXPECT_EQ(Body(again), "");
    }
    EXPECT_EQ(Ask(Get("/", "If-None-Match: \"x\"\r\n")).find("HTTP/1.1 200 "), 0u);
    folder_.write("www/index.html", "<p>anew!</p>"); /* the same size, perhaps the same second */
    std::filesystem::last_write_time(folder_.path("www/index.html"),
                                     std::filesystem::file_time_type::clock::now() +
                                         std::chrono::hours(1));
    EXPECT_EQ(Ask(Get("/", "If-None-Match: " + tag + "\r\n")).find("HTTP/1.1 200 "), 0u);
}

TEST_F(HttpConnection, RequestsSentAtOnceAreAnsweredInOrderHoweverTheyArrive)
{
    /* A body is passed over, whatever it looks like. */
    std::string requests = Get("/bytes/3") + "\r\n" + Get("/", "Content-Length: 36\r\n") +
                           "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" + " " +
                           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "5;x=y\r\nGET /\r\n0\r\nTrailer: z\r\n\r\n" +
                           Get("/chunked/10000") + Get("/nothing") +
                           Get("/bytes/5000", "Connection: close\r\n") + Get("/never");
    size_t smuggled = requests.find("GET /smuggled"), after = requests.find("POST");
    ASSERT_EQ(after - smuggled, 36u);
    std::string expected = Say(requests);
    EXPECT_EQ(g_answered, (std::vector<unsigned>{200, 200, 405, 200, 404, 200}));
    EXPECT_EQ(connection_.phase, HTTP_FINISHED);
    EXPECT_TRUE(Has(expected, "Connection: close\r\n"));
    for (size_t in : {1u, 2u, 7u, 100u}) {
        for (size_t out : {1u, 3u, 1000u}) {
            Restart();
            EXPECT_EQ(Say(requests, in, out), expected) << in << " in, " << out << " out";
        }
    }
}

TEST_F(HttpConnection, OldClientsGetACloseUnlessTheyAskForMore)
{
    EXPECT_TRUE(Has(Ask("GET / HTTP/1.0\r\n\r\n"), "Connection: close\r\n"));
    EXPECT_EQ(connection_.phase, HTTP_FINISHED);
    EXPECT_TRUE(
        Has(Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection: keep-alive\r\n"));
    EXPECT_EQ(connection_.phase, HTTP_READING_HEAD);
    std::string answer = Ask("GET /chunked/100 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_FALSE(Has(answer, "chunked\r\n")) << "they cannot read chunks";
    EXPECT_EQ(Body(answer).size(), 100u);
    EXPECT_EQ(connection_.phase, HTTP_FINISHED);
}

TEST_F(HttpConnection, WhoAsksBeforeSendingABodyIsAnsweredAtOnce)
{
    std::string answer = Ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                             "Content-Length: 1000\r\n\r\n");
    EXPECT_EQ(answer.find("HTTP/1.1 405 "), 0u);
    EXPECT_TRUE(Has(answer, "Connection: close\r\n"));
    EXPECT_EQ(connection_.phase, HTTP_FINISHED);
}

TEST_F(HttpConnection, ATimeOutInARequestIsSaidAndBetweenRequestsIsNot)
{
    Say("GET / HT");
    EXPECT_TRUE(http_connection_is_waited_for(&connection_));
    http_connection_time_out(&connection_);
    EXPECT_EQ(Drain().find("HTTP/1.1 408 Request Timeout\r\n"), 0u);
    EXPECT_EQ(connection_.phase, HTTP_FINISHED);

    Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    http_connection_time_out(&connection_);
    EXPECT_EQ(Drain().find("HTTP/1.1 408 "), 0u);

    Ask(Get("/"));
    EXPECT_FALSE(http_connection_is_waited_for(&connection_));
    http_connection_time_out(&connection_);
    EXPECT_EQ(Drain(), "");
    EXPECT_EQ(connection_.phase, HTTP_FINISHED);
}

TEST_F(HttpConnection, AFileThatShrinksBreaksTheConnectionInsteadOfLying)
{
    folder_.write("www/long.txt", std::string(20000, 'x'));
    std::string request = Get("/long.txt"), bytes(8192, '\0');
    http_connection_receive(&connection_, request.data(), request.size());
    size_t size = http_connection_peek(&connection_, bytes.data(), bytes.size());
    http_connection_sent(&connection_, size);
    folder_.write("www/long.txt", "short");
    EXPECT_EQ(http_connection_peek(&connection_, bytes.data(), bytes.size()), 0u);
    EXPECT_EQ(connection_.phase, HTTP_BROKEN);
}

/* --- A client's exchange --------------------------------------------------------------------- */

struct Taken {
    http_exchange_state state;
    unsigned status;
    const char *fault;
    size_t bytes;
};

Taken Take(const std::string &response, const std::string &path, bool was_head = false,
           size_t piece = 1 << 20, bool closes = false)
{
    http_exchange exchange;
    Taken taken = {};
    http_exchange_begin(&exchange, path.c_str(), was_head);
    while (taken.bytes < response.size() && exchange.state < HTTP_EXCHANGE_DONE) {
        size_t part = std::min(piece, response.size() - taken.bytes);
        taken.bytes += http_exchange_take(&exchange, response.data() + taken.bytes, part);
    }
    if (closes) {
        http_exchange_close(&exchange);
    }
    taken.state = exchange.state;
    taken.status = exchange.status;
    taken.fault = http_exchange_fault(&exchange);
    http_exchange_fini(&exchange);
    return taken;
}

TEST_F(HttpConnection, WhatTheServerSaysTheClientUnderstandsInAnyPieces)
{
    for (const char *target : {"/", "/a%20b.css", "/bytes/0", "/bytes/1", "/bytes/10000",
                               "/chunked/0", "/chunked/1", "/chunked/4096", "/chunked/10000"}) {
        std::string answer = Ask(Get(target));
        for (size_t piece : {1u, 2u, 5u, 1000u, 100000u}) {
            Taken taken = Take(answer + "HTTP/1.1", target, false, piece);
            EXPECT_EQ(taken.state, HTTP_EXCHANGE_DONE) << target;
            EXPECT_EQ(taken.bytes, answer.size()) << target << ": nothing of the next one";
            EXPECT_EQ(taken.fault, nullptr) << target << ": " << taken.fault;
        }
        /* Cut short anywhere, it is not taken for whole. */
        for (size_t size = 0; size < answer.size(); size += 1 + answer.size() / 50) {
            EXPECT_NE(Take(answer.substr(0, size), target, false, 1 << 20, true).fault, nullptr)
                << target << " cut at " << size;
        }
    }
}

TEST_F(HttpConnection, AnyDamagedByteOfABodyIsNoticed)
{
    for (const char *target : {"/", "/bytes/300"}) {
        std::string answer = Ask(Get(target));
        for (size_t at = answer.find("\r\n\r\n") + 4; at < answer.size(); at++) {
            std::string damaged = answer;
            damaged[at] ^= 0x10;
            EXPECT_NE(Take(damaged, target).fault, nullptr) << target << " at " << at;
        }
    }
}

TEST(HttpExchange, BodyEndsAsTheStandardSays)
{
    /* An interim answer is passed over; one without length lasts to the end of the connection. */
    Taken taken =
        Take("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc", "/x", false, 1, true);
    EXPECT_EQ(taken.state, HTTP_EXCHANGE_DONE);
    EXPECT_EQ(taken.status, 200u);
    EXPECT_EQ(Take("HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", "/x").state, HTTP_EXCHANGE_DONE);
    EXPECT_EQ(Take("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "/x", true).state,
              HTTP_EXCHANGE_DONE);
    const char *const bad[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "220 mail.example.org\r\n\r\n",
    };
    for (const char *response : bad) {
        EXPECT_EQ(Take(response, "/x").state, HTTP_EXCHANGE_BAD) << response;
    }
    std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(HTTP_HEAD_MAX, 'x');
    EXPECT_EQ(Take(endless, "/x").state, HTTP_EXCHANGE_BAD);
    std::string trailer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
                          std::string(2 * HTTP_TRAILER_MAX, 'x');
    EXPECT_EQ(Take(trailer, "/x").state, HTTP_EXCHANGE_BAD);
}

} // namespace
