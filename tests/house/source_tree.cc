// Walks the repository for the house tests.
#include "house/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace fs = std::filesystem;

namespace house
{

namespace
{

const std::set<std::string> kNeverShipped = {"build", "runs", ".git", ".cache"};

std::string path_in_tree(const fs::path &path)
{
    return path.lexically_relative(DENALI_SOURCE_DIR).generic_string();
}

Language language_of(const fs::path &path, const std::string &first_line)
{
    static const std::set<std::string> c = {".c", ".h", ".cc", ".S"};
    static const std::set<std::string> text = {".md", ".yaml"};
    const std::string extension = path.extension().string();
    if (c.count(extension)) {
        return Language::kC;
    }
    if (path.filename() == "CMakeLists.txt" || extension == ".cmake") {
        return Language::kBuild;
    }
    if (first_line.rfind("#!", 0) == 0) {
        return Language::kScript;
    }
    return text.count(extension) ? Language::kText : Language::kOther;
}

File read_file(const fs::path &path)
{
    std::ifstream stream(path, std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
    File file;
    file.path = path_in_tree(path);
    file.ends_with_newline = all.empty() || all.back() == '\n';
    file.language = language_of(path, all.substr(0, 2));
    if (file.language == Language::kOther) {
        return file;
    }
    for (size_t start = 0; start < all.size();) {
        size_t end = std::min(all.find('\n', start), all.size());
        file.lines.push_back(all.substr(start, end - start));
        start = end + 1;
    }
    return file;
}

} // namespace

std::string File::folder() const
{
    size_t slash = path.find('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string File::name() const
{
    return path.substr(path.rfind('/') + 1);
}

bool File::ends_with(const std::string &suffix) const
{
    return path.size() >= suffix.size() &&
           path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool File::guest() const
{
    return path.rfind("scenarios/guest/", 0) == 0 || path.rfind("scenarios/apps/", 0) == 0 ||
           path.find("/guest/") != std::string::npos;
}

const std::vector<File> &source_tree()
{
    static const std::vector<File> files = [] {
        std::vector<File> found;
        fs::recursive_directory_iterator walk(DENALI_SOURCE_DIR);
        for (auto entry = fs::begin(walk); entry != fs::end(walk); ++entry) {
            if (entry.depth() == 0 && kNeverShipped.count(entry->path().filename().string())) {
                entry.disable_recursion_pending();
            } else if (entry->is_regular_file() && !entry->is_symlink()) {
                found.push_back(read_file(entry->path()));
            }
        }
        std::sort(found.begin(), found.end(),
                  [](const File &a, const File &b) { return a.path < b.path; });
        return found;
    }();
    return files;
}

std::vector<std::string> top_level_folders()
{
    std::vector<std::string> folders;
    for (const auto &entry : fs::directory_iterator(DENALI_SOURCE_DIR)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_directory() && !kNeverShipped.count(name)) {
            folders.push_back(name);
        }
    }
    std::sort(folders.begin(), folders.end());
    return folders;
}

std::string code_of(const std::string &line, bool &in_comment)
{
    std::string code;
    for (size_t i = 0; i < line.size(); i++) {
        if (in_comment) {
            if (line.compare(i, 2, "*/") == 0) {
                in_comment = false;
                i++;
            }
        } else if (line.compare(i, 2, "/*") == 0) {
            in_comment = true;
            i++;
        } else if (line.compare(i, 2, "//") == 0) {
            break;
        } else if (line[i] == '"' || line[i] == '\'') {
            const char quote = line[i];
            // A quote between digits separates them (1'000).
            if (quote == '\'' && i > 0 && isxdigit(static_cast<unsigned char>(line[i - 1]))) {
                continue;
            }
            for (i++; i < line.size() && line[i] != quote; i++) {
                i += line[i] == '\\';
            }
            code += quote;
            code += quote;
        } else {
            code += line[i];
        }
    }
    return code;
}

std::string place(const File &file, size_t line_index)
{
    return file.path + ":" + std::to_string(line_index + 1) + ": " + file.lines[line_index];
}

} // namespace house
