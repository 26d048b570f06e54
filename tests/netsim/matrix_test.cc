// The reader of round-trip-time matrices: what it accepts, and how it says no.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fake_world.h"

static const char *const kHeader = "# a comment\n"
                                   "format: denali-rtt-1\n"
                                   "unit: us\n"
                                   "sites: 3\n"
                                   "symmetric: yes\n"
                                   "rows:\n";

static std::vector<uint64_t> accepted(const std::string &text)
{
    struct net_matrix matrix;
    struct error error = ERROR_INIT;
    enum status status = net_matrix_parse("test.rtt", text.data(), text.size(), &matrix, &error);
    EXPECT_EQ(status, STATUS_OK) << error.line << ": " << error.message;
    std::vector<uint64_t> values(matrix.rtt_ns,
                                 matrix.rtt_ns + (size_t)matrix.site_count * matrix.site_count);
    net_matrix_fini(&matrix);
    return values;
}

static void expect_refused(const std::string &text, int line, const char *piece)
{
    struct net_matrix matrix;
    struct error error = ERROR_INIT;
    EXPECT_EQ(net_matrix_parse("test.rtt", text.data(), text.size(), &matrix, &error),
              STATUS_INVALID);
    EXPECT_EQ(matrix.rtt_ns, nullptr);
    EXPECT_EQ(matrix.site_count, 0u);
    EXPECT_STREQ(error.file, "test.rtt");
    EXPECT_EQ(error.line, line) << error.message;
    EXPECT_NE(std::string(error.message).find(piece), std::string::npos)
        << "'" << error.message << "' without '" << piece << "'";
}

static void expect_row_refused(const char *row, const char *piece)
{
    expect_refused(std::string(kHeader) + "0 2000 3000\n" + row + "\n3000 4000 0\n", 8, piece);
}

TEST(Matrix, ReadsUnitsAndFractionsWithoutLoss)
{
    std::string rows = "0 1918 2553.5\n1918 0 4127.25\n2553.5 4127.250000 0.0\n";
    EXPECT_EQ(accepted(kHeader + rows), (std::vector<uint64_t>{0, 1918000, 2553500, 1918000, 0,
                                                               4127250, 2553500, 4127250, 0}));
    std::string head = "format: denali-rtt-1\nsites: 2\nsymmetric: no\nunit: ";
    EXPECT_EQ(accepted(head + "ms\nrows:\n0 0.123456\n7999.999998 0\n"),
              (std::vector<uint64_t>{0, 123456, 7999999998, 0}));
    EXPECT_EQ(accepted(head + "ns\nrows:\n0 2000\n8000000000 0"),
              (std::vector<uint64_t>{0, 2000, 8000000000, 0}));
}

TEST(Matrix, TakesTabsBlankLinesCommentsAndCarriageReturns)
{
    EXPECT_EQ(accepted("format:denali-rtt-1\r\nunit:\tus\r\nsites: 2\r\nsymmetric: yes\r\n\r\n"
                       "rows:\r\n# a row\r\n\t0\t \t5\r\n\n  5 0 \r\n# end"),
              (std::vector<uint64_t>{0, 5000, 5000, 0}));
    EXPECT_EQ(accepted("format: denali-rtt-1\nunit: us\nsites: 1\nsymmetric: yes\nrows:\n0\n"),
              (std::vector<uint64_t>{0}));
}

TEST(Matrix, RefusesRaggedRows)
{
    expect_row_refused("2000 0", "row 2 is short: expected 3 numbers, one for each site, found 2");
    expect_row_refused("2000 0 4000 1", "row 2 is too long: expected 3");
    expect_refused(std::string(kHeader) + "0 2000 3000\n", 7, "ends after 1 rows: expected 3");
    expect_refused(std::string(kHeader) + "0 2000 3000\n2000 0 4000\n3000 4000 0\n0 0 0\n", 10,
                   "more than 3 rows");
}

TEST(Matrix, RefusesWhatIsNotARoundTripTime)
{
    expect_row_refused("2000 0 -4000", "row 2, field 3: '-4000' is negative");
    expect_row_refused("2000 0 4e3", "'4e3' is not a number");
    expect_row_refused("2000 0 nan", "'nan' is not a number");
    expect_row_refused("2000 0 .5", "'.5' is not a number");
    expect_row_refused("2000 0 5.", "'5.' is not a number");
    expect_row_refused("2000 0 +5", "is not a number");
    expect_row_refused("2000 0 0x10", "is not a number");
    expect_row_refused("2000 0 4.0001", "is not a whole number of nanoseconds");
    expect_row_refused("2000 0 4.001", "has no half in whole nanoseconds");
    expect_row_refused("2000 0 8000000.002", "is larger than 8 s");
    expect_row_refused("2000 0 99999999999999999999999999999999", "is larger than 8 s");
    expect_row_refused("2000 0 0", "is less than 2 us");
    expect_row_refused("2000 0 1.998", "is less than 2 us");
    expect_row_refused("2000 2 4000", "row 2, field 2: '2' is on the diagonal");
    expect_row_refused("2001 0 4000", "row 2, field 1: '2001' differs from row 1, field 2");
    std::string with_nul = std::string(kHeader) + "0 20" + '\0' + "00 3000\n";
    expect_refused(with_nul, 7, "is not a number");
}

TEST(Matrix, RefusesBadHeaders)
{
    expect_refused("", 0, "ends before its 'rows:' line");
    expect_refused("format: denali-rtt-1\n", 1, "ends before its 'rows:' line");
    expect_refused("0 1 2\n", 1, "expected a header line");
    expect_refused("format: csv\n", 1, "field 'format': expected denali-rtt-1, found 'csv'");
    expect_refused("unit: s\n", 1, "field 'unit': expected ns, us or ms");
    expect_refused("\n\nsymmetric: maybe\n", 3, "field 'symmetric': expected yes or no");
    expect_refused("size: 3\n", 1, "unknown field 'size'");
    expect_refused("unit: us\nunit: us\n", 2, "field 'unit' is given twice");
    for (const char *sites : {"0", "4097", "-1", "x", "", "3.0", "99999999999999999999999"}) {
        expect_refused(std::string("sites: ") + sites + "\n", 1, "expected a whole number from 1");
    }
    const std::string lines[4] = {"format: denali-rtt-1\n", "unit: us\n", "sites: 3\n",
                                  "symmetric: yes\n"};
    const char *names[4] = {"format", "unit", "sites", "symmetric"};
    for (int missing = 0; missing < 4; missing++) {
        std::string text;
        for (int i = 0; i < 4; i++) {
            text += i == missing ? "" : lines[i];
        }
        expect_refused(text + "rows:\n", 4,
                       (std::string("field '") + names[missing] + "' is missing").c_str());
    }
}

TEST(Matrix, ShortFileWithManySitesAsksForLittleMemory)
{
    expect_refused("format: denali-rtt-1\nunit: us\nsites: 4096\nsymmetric: yes\nrows:\n0 1\n", 6,
                   "row 1, field 2: '1' is less than 2 us");
}

TEST(Matrix, ShippedPlanetLabHasEveryDigitOfItsSource)
{
    struct net_matrix matrix;
    struct error error = ERROR_INIT;
    ASSERT_EQ(net_matrix_load(DENALI_SOURCE_DIR "/scenarios/topologies/planetlab-490.rtt.gz",
                              &matrix, &error),
              STATUS_OK)
        << error.message;
    ASSERT_EQ(matrix.site_count, 490u);
    // Computed from the published file in milliseconds with decimal arithmetic.
    uint64_t sum_ns = 0;
    uint64_t hash = 0;
    for (uint32_t i = 0; i < 490 * 490; i++) {
        sum_ns += matrix.rtt_ns[i];
        hash = hash * 1000003 + matrix.rtt_ns[i];
    }
    EXPECT_EQ(sum_ns, 35183620307000u);
    EXPECT_EQ(hash, 10732699653078574728u);
    EXPECT_EQ(matrix.rtt_ns[1], 175000u);
    EXPECT_EQ(matrix.rtt_ns[290 * 490 + 379], 5506400u);
    net_matrix_fini(&matrix);
}

// --- files ------------------------------------------------------------------------------------

class MatrixFile : public ::testing::Test
{
  protected:
    std::filesystem::path directory;
    void SetUp() override
    {
        std::string name = (std::filesystem::temp_directory_path() / "denali-matrix-XXXXXX");
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory = name;
    }
    void TearDown() override
    {
        std::filesystem::remove_all(directory);
    }
    enum status load(const std::filesystem::path &path, struct error *error)
    {
        struct net_matrix matrix;
        enum status status = net_matrix_load(path.c_str(), &matrix, error);
        EXPECT_STREQ(status == STATUS_OK ? path.c_str() : error->file, path.c_str());
        EXPECT_EQ(matrix.rtt_ns == nullptr, status != STATUS_OK);
        net_matrix_fini(&matrix);
        return status;
    }
    std::filesystem::path file(const std::string &bytes)
    {
        std::filesystem::path path = directory / "a.rtt";
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
};

TEST_F(MatrixFile, MayBePlain)
{
    struct error error = ERROR_INIT;
    EXPECT_EQ(load(file(std::string(kHeader) + "0 2 2\n2 0 2\n2 2 0\n"), &error), STATUS_OK)
        << error.message;
}

TEST_F(MatrixFile, ErrorsNameTheFileAndLine)
{
    struct error error = ERROR_INIT;
    EXPECT_EQ(load(file(std::string(kHeader) + "0 2 x\n"), &error), STATUS_INVALID);
    EXPECT_EQ(error.line, 7);
}

TEST_F(MatrixFile, MissingFilesAndDirectoriesAreTold)
{
    struct error error = ERROR_INIT;
    EXPECT_EQ(load(directory / "none.rtt", &error), STATUS_NOT_FOUND);
    struct error other = ERROR_INIT;
    EXPECT_EQ(load(directory, &other), STATUS_IO);
}

TEST_F(MatrixFile, EveryCutOfACompressedFileIsRefused)
{
    std::ifstream stream(DENALI_SOURCE_DIR "/scenarios/topologies/planetlab-490.rtt.gz",
                         std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    ASSERT_GT(bytes.size(), 600000u);
    for (size_t size : {(size_t)0, (size_t)1, (size_t)5, (size_t)20, bytes.size() / 2,
                        bytes.size() - 9, bytes.size() - 8, bytes.size() - 1}) {
        struct error error = ERROR_INIT;
        EXPECT_NE(load(file(bytes.substr(0, size)), &error), STATUS_OK) << size;
    }
    std::string damaged = bytes;
    damaged[bytes.size() / 2] ^= 1;
    struct error error = ERROR_INIT;
    EXPECT_NE(load(file(damaged), &error), STATUS_OK);
}
