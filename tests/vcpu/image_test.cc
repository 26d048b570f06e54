/* The image loader: what it takes, and the one clear line for each thing it does not. */
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/elf_builder.h"

extern "C" {
#include <vcpu/image.h>
}

using support::BuildElf;
using support::ElfHeader;
using support::ElfProgram;

class Image : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(vcpu_arena_create(16u << 20, &arena, nullptr), STATUS_OK);
    }
    void TearDown() override
    {
        EXPECT_EQ(vcpu_arena_frames_used(arena), 0u) << "an image's frames were not given back";
        vcpu_arena_destroy(arena);
    }
    /* The error's text for a good image spoilt by `spoil`. */
    std::string Refusal(const std::function<void(std::vector<uint8_t> &)> &spoil)
    {
        std::vector<uint8_t> file =
            BuildElf(0x2000, {{0x2000, 0, {0x90, 0x90}}, {0x5000, 64, {1}}});
        spoil(file);
        struct vcpu_image *image = nullptr;
        struct error error = ERROR_INIT;
        enum status status =
            vcpu_image_parse(arena, "spoilt.img", file.data(), file.size(), &image, &error);
        EXPECT_EQ(status, STATUS_INVALID) << error.message;
        EXPECT_STREQ(error.file, "spoilt.img");
        if (status == STATUS_OK) {
            vcpu_image_release(image);
        }
        return error.message;
    }
    struct vcpu_arena *arena = nullptr;
};

TEST_F(Image, HoldsTheFilesBytesAndZerosElsewhere)
{
    std::vector<uint8_t> text(5000, 0xcc);
    std::vector<uint8_t> file = BuildElf(0x2004, {{0x2000, 0, text}, {0x5ff0, 0x2000, {1, 2, 3}}});
    struct vcpu_image *image = nullptr;
    struct error error = ERROR_INIT;
    ASSERT_EQ(vcpu_image_parse(arena, "x", file.data(), file.size(), &image, &error), STATUS_OK)
        << error.message;
    EXPECT_EQ(image->entry, 0x2004u);
    EXPECT_EQ(image->end, 0x7ff0u);
    EXPECT_EQ(image->page_count, 8u);
    struct vcpu_space space;
    vcpu_space_init(&space, arena, image, 0x10000);
    std::vector<uint8_t> memory(0x10000 - 0x2000);
    ASSERT_TRUE(vcpu_space_load(&space, 0x2000, memory.data(), (uint32_t)memory.size()));
    for (uint32_t i = 0; i < memory.size(); i++) {
        uint32_t address = 0x2000 + i;
        uint8_t expected = i < text.size()                         ? 0xcc
                           : address >= 0x5ff0 && address < 0x5ff3 ? (uint8_t)(address - 0x5fef)
                                                                   : 0;
        ASSERT_EQ(memory[i], expected) << std::hex << address;
    }
    EXPECT_EQ(image->frames[4], VCPU_FRAME_ZERO) << "a page of zeros takes no frame";
    vcpu_space_fini(&space);
    vcpu_image_release(image);
}

TEST_F(Image, RefusesWhatIsNotAStaticElf32X86Executable)
{
    EXPECT_NE(Refusal([](auto &f) { f.resize(3); }).find("not an ELF file"), std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { f[0] = 'X'; }).find("not an ELF file"), std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { f[EI_CLASS] = ELFCLASS64; }).find("64-bit"), std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfHeader(f)->e_machine = EM_ARM; }).find("e_machine is 40"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfHeader(f)->e_type = ET_DYN; }).find("e_type is 3"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfProgram(f, 0)->p_type = PT_INTERP; }).find("dynamically"),
              std::string::npos);
}

TEST_F(Image, RefusesHeadersThatLieOutsideTheFile)
{
    EXPECT_NE(Refusal([](auto &f) { ElfHeader(f)->e_phoff = 0xfffffff0; }).find("e_phoff"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfHeader(f)->e_phnum = 0; }).find("e_phnum"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfHeader(f)->e_phnum = 999; }).find("e_phoff"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfProgram(f, 1)->p_offset = 0xffffff00; }).find("segment 1"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfProgram(f, 1)->p_filesz = 65; }).find("p_filesz 65"),
              std::string::npos);
}

TEST_F(Image, RefusesSegmentsOutsideMemoryOrOverOneAnother)
{
    EXPECT_NE(Refusal([](auto &f) { ElfProgram(f, 0)->p_vaddr = 0x1000; }).find("first two pages"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfProgram(f, 1)->p_vaddr = 0xfffff000; }).find("at most"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfProgram(f, 1)->p_vaddr = 0x2001; }).find("overlaps"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) { ElfHeader(f)->e_entry = 0x4000; }).find("e_entry 0x4000"),
              std::string::npos);
    EXPECT_NE(Refusal([](auto &f) {
                  ElfProgram(f, 0)->p_type = ElfProgram(f, 1)->p_type = PT_NOTE;
              }).find("no load segments"),
              std::string::npos);
}

TEST_F(Image, SaysWhenItDoesNotFitTheMachine)
{
    std::vector<uint8_t> file = BuildElf(0x2000, {{0x2000, 0x20000, {0x90}}});
    struct vcpu_image *image = nullptr;
    struct error error = ERROR_INIT;
    ASSERT_EQ(vcpu_image_parse(arena, "big.img", file.data(), file.size(), &image, &error),
              STATUS_OK);
    EXPECT_EQ(vcpu_image_check_fits(image, 0x22000, &error), STATUS_OK);
    EXPECT_EQ(vcpu_image_check_fits(image, 0x21000, &error), STATUS_INVALID);
    EXPECT_NE(std::string(error.message).find("ends at 0x22000"), std::string::npos);
    for (uint64_t size_bytes : {0ull, 4096ull, 0x22001ull, 0x100000000ull}) {
        struct error why = ERROR_INIT;
        EXPECT_EQ(vcpu_image_check_fits(image, size_bytes, &why), STATUS_INVALID) << size_bytes;
    }
    vcpu_image_release(image);
}

TEST_F(Image, SaysWhenTheFileIsMissing)
{
    struct vcpu_image *image = nullptr;
    struct error error = ERROR_INIT;
    EXPECT_EQ(vcpu_image_load(arena, "/nowhere/x.img", &image, &error), STATUS_NOT_FOUND);
    EXPECT_STREQ(error.file, "/nowhere/x.img");
}
