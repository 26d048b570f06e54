// Makes ustar archives for tests, good ones and others.
#ifndef DENALI_TESTS_SUPPORT_ARCHIVE_BUILDER_H
#define DENALI_TESTS_SUPPORT_ARCHIVE_BUILDER_H

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

class Archive
{
  public:
    Archive &file(const std::string &name, const std::string &text, unsigned mode = 0644,
                  unsigned modified_s = 0, const std::string &prefix = "")
    {
        add('0', name, prefix, "", mode, modified_s, text.size());
        content += text;
        content.append((512 - content.size() % 512) % 512, '\0');
        return *this;
    }

    Archive &directory(const std::string &name, unsigned mode = 0755)
    {
        add('5', name, "", "", mode, 0, 0);
        return *this;
    }

    Archive &symlink(const std::string &name, const std::string &target)
    {
        add('2', name, "", target, 0777, 0, 0);
        return *this;
    }

    // With the two empty blocks at the end.
    std::string bytes() const
    {
        return content + std::string(1024, '\0');
    }

    // Writes the sum of the header at offset.
    static void seal(std::string &archive, size_t offset)
    {
        memset(&archive[offset + 148], ' ', 8);
        unsigned sum = 0;
        for (size_t i = 0; i < 512; i++)
            sum += (unsigned char)archive[offset + i];
        snprintf(&archive[offset + 148], 8, "%06o", sum);
        archive[offset + 155] = ' ';
    }

  private:
    void add(char type, const std::string &name, const std::string &prefix,
             const std::string &target, unsigned mode, unsigned modified_s, size_t size)
    {
        size_t start = content.size();
        content.append(512, '\0');
        char *header = &content[start];
        memcpy(header, name.data(), name.size());
        snprintf(header + 100, 8, "%07o", mode);
        snprintf(header + 108, 8, "%07o", 0u);
        snprintf(header + 116, 8, "%07o", 0u);
        snprintf(header + 124, 12, "%011o", (unsigned)size);
        snprintf(header + 136, 12, "%011o", modified_s);
        header[156] = type;
        memcpy(header + 157, target.data(), target.size());
        memcpy(header + 257, "ustar\00000", 8);
        memcpy(header + 345, prefix.data(), prefix.size());
        seal(content, start);
    }

    std::string content;
};

#endif
