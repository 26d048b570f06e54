/* The guest images as files: what the loader and the page tables count on. Needs no machine. */
#include <gtest/gtest.h>

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace
{

std::vector<char> Load(const std::string &name)
{
    std::ifstream file(std::string(DENALI_BINARY_DIR) + "/images/" + name + ".img",
                       std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class GuestImage : public testing::TestWithParam<const char *>
{
  protected:
    void SetUp() override
    {
        bytes = Load(GetParam());
        if (bytes.empty()) {
            GTEST_SKIP() << "no guest kit in this build: scenarios/guest/build-kit makes it";
        }
        ASSERT_GE(bytes.size(), sizeof(header));
        memcpy(&header, bytes.data(), sizeof(header));
        for (int i = 0; i < header.e_phnum; i++) {
            Elf32_Phdr segment;
            size_t offset = header.e_phoff + i * sizeof(segment);
            ASSERT_LE(offset + sizeof(segment), bytes.size());
            memcpy(&segment, bytes.data() + offset, sizeof(segment));
            if (segment.p_type == PT_LOAD) {
                segments.push_back(segment);
            } else {
                EXPECT_NE(segment.p_type, (Elf32_Word)PT_INTERP);
                EXPECT_NE(segment.p_type, (Elf32_Word)PT_DYNAMIC);
            }
        }
    }
    std::vector<char> bytes;
    Elf32_Ehdr header;
    std::vector<Elf32_Phdr> segments;
};

TEST_P(GuestImage, IsAStaticElf32ForX86)
{
    EXPECT_EQ(memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
    EXPECT_EQ(header.e_ident[EI_CLASS], ELFCLASS32);
    EXPECT_EQ(header.e_ident[EI_DATA], ELFDATA2LSB);
    EXPECT_EQ(header.e_type, ET_EXEC);
    EXPECT_EQ(header.e_machine, EM_386);
}

TEST_P(GuestImage, HasItsSegmentsAboveTheRegistersAndItsEntryInOne)
{
    bool entry_inside = false;
    ASSERT_FALSE(segments.empty());
    for (const Elf32_Phdr &segment : segments) {
        EXPECT_GE(segment.p_vaddr, 0x2000u);
        EXPECT_LE((uint64_t)segment.p_offset + segment.p_filesz, bytes.size());
        EXPECT_LE(segment.p_filesz, segment.p_memsz);
        entry_inside |= (segment.p_flags & PF_X) && header.e_entry >= segment.p_vaddr &&
                        header.e_entry - segment.p_vaddr < segment.p_filesz;
    }
    EXPECT_TRUE(entry_inside);
}

TEST_P(GuestImage, SharesNoPageBetweenCodeAndData)
{
    for (const Elf32_Phdr &code : segments) {
        for (const Elf32_Phdr &data : segments) {
            if (!(code.p_flags & PF_W) && (data.p_flags & PF_W) && data.p_memsz > 0) {
                uint32_t code_last = (code.p_vaddr + code.p_memsz - 1) / 4096;
                EXPECT_LT(code_last, data.p_vaddr / 4096);
            }
        }
    }
}

TEST_P(GuestImage, FitsIntoASmallMachine)
{
    for (const Elf32_Phdr &segment : segments) {
        EXPECT_LT(segment.p_vaddr + segment.p_memsz, 512u * 1024);
    }
}

INSTANTIATE_TEST_SUITE_P(All, GuestImage,
                         testing::Values("hello", "echo-server", "echo-client", "ping", "kademlia",
                                         "misbehave", "tcp-transfer", "http-server", "http-client"),
                         [](const auto &info) {
                             std::string name = info.param;
                             for (char &letter : name) {
                                 letter = letter == '-' ? '_' : letter;
                             }
                             return name;
                         });

} // namespace
