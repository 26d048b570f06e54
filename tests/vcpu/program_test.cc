// Segments, sections and symbols of guest programs, good files and damaged ones.
#include <gtest/gtest.h>

#include <string>

#include "support/elf_builder.h"

extern "C" {
#include <vcpu/program.h>
}

namespace
{

using Bytes = std::vector<uint8_t>;

struct Symbol {
    std::string name;
    uint32_t address;
    uint32_t size;
    uint8_t type;
    uint8_t binding;
    uint16_t section;
};

// A program with a section of code, symbols and their names, as a linker writes it.
Bytes WithSymbols(const std::vector<Symbol> &symbols)
{
    Bytes file = support::BuildElf(0x12000, {{0x12000, 0x3000, Bytes(0x1000, 0x90)}});
    std::string names(1, '\0');
    std::vector<Elf32_Sym> table(1);
    for (const Symbol &symbol : symbols) {
        Elf32_Sym entry = {};
        entry.st_name = (Elf32_Word)names.size();
        entry.st_value = symbol.address;
        entry.st_size = symbol.size;
        entry.st_info = ELF32_ST_INFO(symbol.binding, symbol.type);
        entry.st_shndx = symbol.section;
        names += symbol.name + '\0';
        table.push_back(entry);
    }
    const std::string section_names = std::string("\0.text\0.symtab\0.strtab\0", 23);
    Elf32_Shdr headers[4] = {};
    headers[1].sh_name = 1;
    headers[1].sh_type = SHT_PROGBITS;
    headers[1].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    headers[1].sh_addr = 0x12000;
    headers[1].sh_size = 0x1000;
    headers[1].sh_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
    auto append = [&](Elf32_Shdr *header, uint32_t name, uint32_t type, const void *bytes,
                      size_t size) {
        header->sh_name = name;
        header->sh_type = type;
        header->sh_offset = (Elf32_Off)file.size();
        header->sh_size = (Elf32_Word)size;
        const uint8_t *from = static_cast<const uint8_t *>(bytes);
        file.insert(file.end(), from, from + size);
    };
    append(&headers[2], 7, SHT_SYMTAB, table.data(), table.size() * sizeof table[0]);
    headers[2].sh_link = 3;
    headers[2].sh_entsize = sizeof(Elf32_Sym);
    const std::string strings = names + section_names;
    append(&headers[3], 15, SHT_STRTAB, strings.data(), strings.size());
    for (int i = 1; i < 4; i++) {
        headers[i].sh_name += (Elf32_Word)names.size();
    }
    support::ElfHeader(file)->e_shoff = (Elf32_Off)file.size();
    support::ElfHeader(file)->e_shnum = 4;
    support::ElfHeader(file)->e_shentsize = sizeof(Elf32_Shdr);
    support::ElfHeader(file)->e_shstrndx = 3;
    const uint8_t *from = reinterpret_cast<const uint8_t *>(headers);
    file.insert(file.end(), from, from + sizeof headers);
    return file;
}

class Program
{
  public:
    explicit Program(const Bytes &file)
    {
        struct error error = ERROR_INIT;
        EXPECT_EQ(vcpu_program_parse("x.img", file.data(), file.size(), &program, &error),
                  STATUS_OK)
            << error.message;
    }
    ~Program()
    {
        vcpu_program_destroy(program);
    }
    std::string At(uint32_t address) const
    {
        const struct vcpu_symbol *symbol = vcpu_program_symbol_at(program, address);
        return symbol ? symbol->name : "(none)";
    }
    struct vcpu_program *program = nullptr;
};

const std::vector<Symbol> kSymbols = {
    {"main", 0x12100, 0x40, STT_FUNC, STB_GLOBAL, 1},
    {"start", 0x12000, 0, STT_NOTYPE, STB_LOCAL, 1},
    {"alias", 0x12100, 0x40, STT_FUNC, STB_LOCAL, 1},
    {"again", 0x12110, 0, STT_NOTYPE, STB_LOCAL, 1},
    {"table", 0x13000, 16, STT_OBJECT, STB_GLOBAL, 1},
    {"limit", 0x12104, 0, STT_NOTYPE, STB_GLOBAL, SHN_ABS},
    {"elsewhere", 0x12108, 0, STT_NOTYPE, STB_GLOBAL, SHN_UNDEF},
    {"a.c", 0x12100, 0, STT_FILE, STB_LOCAL, SHN_ABS},
    {"odd\nname \x80", 0x13010, 4, STT_OBJECT, STB_GLOBAL, 1},
};

TEST(Program, KnowsItsSymbolsInTheOrderOfTheirAddresses)
{
    Program program(WithSymbols(kSymbols));
    std::string names;
    for (uint32_t i = 0; i < program.program->symbol_count; i++) {
        names += std::string(program.program->symbols[i].name) + " ";
    }
    EXPECT_EQ(names, "start main alias limit again table odd?name?? ");
    EXPECT_EQ(program.program->damage, nullptr);
    EXPECT_EQ(vcpu_program_symbol_find(program.program, "table")->size_bytes, 16u);
    EXPECT_EQ(vcpu_program_symbol_find(program.program, "elsewhere"), nullptr);
}

TEST(Program, SaysWhichSymbolAnAddressBelongsTo)
{
    Program program(WithSymbols(kSymbols));
    EXPECT_EQ(program.At(0x11fff), "(none)");
    EXPECT_EQ(program.At(0x12000), "start");
    EXPECT_EQ(program.At(0x120ff), "start") << "a label reaches to the next";
    EXPECT_EQ(program.At(0x12100), "main") << "the global one of two";
    EXPECT_EQ(program.At(0x12104), "main") << "a constant is no place";
    EXPECT_EQ(program.At(0x12118), "main") << "a label inside a function is not where one is";
    EXPECT_EQ(program.At(0x12140), "again") << "past a function's end the label before";
    EXPECT_EQ(program.At(0x13004), "table");
}

TEST(Program, HasSectionsAndSegmentsAndTheirBytes)
{
    Program program(WithSymbols(kSymbols));
    ASSERT_EQ(program.program->section_count, 3u);
    EXPECT_STREQ(program.program->sections[0].name, ".text");
    EXPECT_TRUE(program.program->sections[0].executable);
    EXPECT_STREQ(program.program->sections[1].name, ".symtab");
    EXPECT_FALSE(program.program->sections[1].loaded);
    ASSERT_EQ(program.program->segment_count, 1u);
    EXPECT_EQ(program.program->segments[0].memory_bytes, 0x3000u);
    uint8_t bytes[4] = {1, 2, 3, 4};
    EXPECT_EQ(vcpu_program_read(program.program, 0x12ffe, bytes, 4), 4u);
    EXPECT_EQ(Bytes(bytes, bytes + 4), (Bytes{0x90, 0x90, 0, 0}));
    EXPECT_EQ(vcpu_program_read(program.program, 0x14ffe, bytes, 4), 2u);
    EXPECT_EQ(vcpu_program_read(program.program, 0x15000, bytes, 4), 0u);
    EXPECT_EQ(vcpu_program_read(program.program, 0x11fff, bytes, 4), 0u);
}

TEST(Program, WithoutSectionsIsAProgramAllTheSame)
{
    Program program(support::BuildElf(0x12000, {{0x12000, 0x3000, Bytes(0x1000, 0x90)}}));
    EXPECT_EQ(program.program->section_count, 0u);
    EXPECT_EQ(program.program->symbol_count, 0u);
    EXPECT_EQ(program.program->damage, nullptr);
    EXPECT_EQ(program.At(0x12000), "(none)");
}

TEST(Program, WithDamagedSectionsSaysWhatIsMissing)
{
    Bytes file = WithSymbols(kSymbols);
    support::ElfHeader(file)->e_shoff = (Elf32_Off)file.size() - 10;
    Program headers(file);
    EXPECT_STREQ(headers.program->damage,
                 "the section headers lie outside the file or have another size");
    file = WithSymbols(kSymbols);
    auto *sections =
        reinterpret_cast<Elf32_Shdr *>(file.data() + support::ElfHeader(file)->e_shoff);
    sections[2].sh_size = 0xfffffff0;
    Program symbols(file);
    EXPECT_STREQ(symbols.program->damage, "the symbols lie outside the file or have another size");
    EXPECT_EQ(symbols.program->section_count, 3u);
    sections[2].sh_size = sizeof(Elf32_Sym);
    sections[2].sh_link = 77;
    Program links(file);
    EXPECT_NE(links.program->damage, nullptr);
}

TEST(Program, IsRefusedWithTheWordsOfTheLoader)
{
    Bytes file = WithSymbols(kSymbols);
    struct error error = ERROR_INIT;
    struct vcpu_program *program = nullptr;
    file[EI_CLASS] = ELFCLASS64;
    EXPECT_EQ(vcpu_program_parse("x", file.data(), file.size(), &program, &error), STATUS_INVALID);
    EXPECT_NE(std::string(error.message).find("a 64-bit or big-endian ELF file"),
              std::string::npos);
}

} // namespace
