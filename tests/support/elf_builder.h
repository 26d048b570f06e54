/* Builds small ELF32 executables in memory, good ones and, by patching them, bad ones. */
#ifndef DENALI_TESTS_SUPPORT_ELF_BUILDER_H
#define DENALI_TESTS_SUPPORT_ELF_BUILDER_H

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace support
{

struct ElfSegment {
    uint32_t address;
    uint32_t memory_bytes;
    std::vector<uint8_t> bytes;
};

inline Elf32_Ehdr *ElfHeader(std::vector<uint8_t> &file)
{
    return reinterpret_cast<Elf32_Ehdr *>(file.data());
}

inline Elf32_Phdr *ElfProgram(std::vector<uint8_t> &file, size_t index)
{
    return reinterpret_cast<Elf32_Phdr *>(file.data() + sizeof(Elf32_Ehdr)) + index;
}

inline std::vector<uint8_t> BuildElf(uint32_t entry, const std::vector<ElfSegment> &segments)
{
    std::vector<uint8_t> file(sizeof(Elf32_Ehdr) + segments.size() * sizeof(Elf32_Phdr));
    Elf32_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_386;
    header.e_version = EV_CURRENT;
    header.e_entry = entry;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = (Elf32_Half)segments.size();
    std::memcpy(file.data(), &header, sizeof header);
    for (size_t i = 0; i < segments.size(); i++) {
        Elf32_Phdr program = {};
        program.p_type = PT_LOAD;
        program.p_offset = (Elf32_Off)file.size();
        program.p_vaddr = program.p_paddr = segments[i].address;
        program.p_filesz = (Elf32_Word)segments[i].bytes.size();
        program.p_memsz = segments[i].memory_bytes ? segments[i].memory_bytes
                                                   : (Elf32_Word)segments[i].bytes.size();
        program.p_flags = PF_R | PF_W | PF_X;
        program.p_align = 4096;
        file.insert(file.end(), segments[i].bytes.begin(), segments[i].bytes.end());
        std::memcpy(file.data() + sizeof(Elf32_Ehdr) + i * sizeof program, &program,
                    sizeof program);
    }
    return file;
}

} // namespace support

#endif
