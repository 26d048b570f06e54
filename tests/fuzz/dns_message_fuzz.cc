// Fuzz target of the guest's reader of name servers' answers. The first byte chooses the question;
// the rest is an answer, or, behind the question repeated, what follows it. Whatever comes, nothing
// outside is read, and what is found is a text of a bounded length.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include "dns_message.h"
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 9) {
        return 0;
    }
    bool reverse = data[0] & 1;
    struct dns_question question;
    require(dns_question_make(&question, reverse ? "2.0.0.10.in-addr.arpa" : "server",
                              reverse ? DNS_TYPE_PTR : DNS_TYPE_A, 7));
    std::vector<uint8_t> bytes(data + 1, data + size);
    if (data[0] & 2) { // flags and counts are the input's, the question is right
        bytes.assign(question.bytes, question.bytes + question.size_bytes);
        memcpy(bytes.data() + 2, data + 1, 8);
        bytes[4] = 0;
        bytes[5] = 1;
        bytes.insert(bytes.end(), data + 9, data + size);
    }
    if (bytes.size() > DNS_MESSAGE_MAX) {
        bytes.resize(DNS_MESSAGE_MAX);
    }
    struct dns_record record;
    memset(&record, 0xaa, sizeof record);
    enum dns_result result =
        dns_answer_read(&question, bytes.data(), (uint32_t)bytes.size(), &record);
    require(result <= DNS_REFUSED);
    if (result == DNS_FOUND && reverse) {
        size_t length = strnlen(record.name, sizeof record.name);
        require(length > 0 && length < sizeof record.name);
    }
    return 0;
}
