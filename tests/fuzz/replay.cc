// Replays a fuzz target's corpus without libFuzzer: every file as it is, then a fixed number of
// mutations of it, the same ones every time. Ends by the target's own abort, or with 1 if there was
// nothing to replay. The seed and file are said before each input, so the last line names the one
// that failed; `-m N` sets the number of mutations.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

namespace
{

/* An empty vector has no address; parsers are promised one. */
void run_one(const std::vector<uint8_t> &bytes)
{
    static const uint8_t kNothing[1] = {0};
    LLVMFuzzerTestOneInput(bytes.empty() ? kNothing : bytes.data(), bytes.size());
}

std::vector<uint8_t> mutate(std::vector<uint8_t> bytes, std::mt19937 &random)
{
    uint32_t steps = 1 + random() % 8;
    for (uint32_t i = 0; i < steps; i++) {
        size_t at = bytes.empty() ? 0 : random() % bytes.size();
        switch (random() % 5) {
        case 0:
            bytes.resize(at);
            break;
        case 1:
            bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(at),
                         static_cast<uint8_t>(random()));
            break;
        case 2:
            if (!bytes.empty()) {
                bytes.erase(bytes.begin() + static_cast<ptrdiff_t>(at));
            }
            break;
        case 3:
            if (!bytes.empty()) {
                static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
                bytes[at] = edges[random() % sizeof edges];
            }
            break;
        case 4:
            if (!bytes.empty()) {
                bytes[at] ^= static_cast<uint8_t>(1u << random() % 8);
            }
            break;
        }
    }
    return bytes;
}

} // namespace

int main(int argc, char **argv)
{
    uint32_t mutations = 200;
    std::vector<std::filesystem::path> files;

    for (int i = 1; i < argc; i++) {
        if (std::strcmp(argv[i], "-m") == 0 && i + 1 < argc) {
            mutations = static_cast<uint32_t>(std::strtoul(argv[++i], nullptr, 10));
        } else if (std::filesystem::is_directory(argv[i])) {
            for (const auto &entry : std::filesystem::directory_iterator(argv[i])) {
                files.push_back(entry.path());
            }
        } else {
            files.emplace_back(argv[i]);
        }
    }
    if (files.empty()) {
        std::fprintf(stderr, "no input: give corpus files or folders\n");
        return 1;
    }
    std::sort(files.begin(), files.end());
    for (size_t f = 0; f < files.size(); f++) {
        std::ifstream stream(files[f], std::ios::binary);
        std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(stream)),
                                   std::istreambuf_iterator<char>());
        if (!stream) {
            std::fprintf(stderr, "cannot read %s\n", files[f].c_str());
            return 1;
        }
        std::printf("%s, %u mutations, seed %zu\n", files[f].c_str(), mutations, f);
        std::fflush(stdout);
        run_one(bytes);
        std::mt19937 random(static_cast<uint32_t>(f));
        for (uint32_t i = 0; i < mutations; i++) {
            std::vector<uint8_t> mutated = mutate(bytes, random);
            run_one(mutated);
        }
    }
    return 0;
}
