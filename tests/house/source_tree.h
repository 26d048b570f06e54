// The repository's files as the house tests see them: what git would ship, read once.
#pragma once

#include <string>
#include <vector>

namespace house
{

enum class Language { kC, kScript, kBuild, kText, kOther };

struct File {
    std::string path; // relative to the top, with '/'
    Language language;
    std::vector<std::string> lines; // without newlines; empty for kOther
    bool ends_with_newline;

    std::string folder() const; // the top-level one; "" for a file at the top
    std::string name() const;   // the last component
    bool ends_with(const std::string &suffix) const;
    bool guest() const; // runs inside a machine: other rules for the C library
};

// Everything but build folders, run folders, caches and version control.
const std::vector<File> &source_tree();

// Top-level entries as they are on disk, without the ones that are never shipped.
std::vector<std::string> top_level_folders();

// A C or C++ file's line i without comments, strings and character constants. Whether a comment
// is open at its start is the caller's to keep from line to line.
std::string code_of(const std::string &line, bool &in_comment);

// "path:line: text", for messages.
std::string place(const File &file, size_t line_index);

} // namespace house
