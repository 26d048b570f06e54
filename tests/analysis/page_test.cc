// Reports as HTML pages, and their plots.
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <string>

extern "C" {
#include <analysis/page.h>
}

namespace
{

template <typename Print> std::string captured(Print print)
{
    char *text = nullptr;
    size_t size_bytes = 0;
    FILE *stream = open_memstream(&text, &size_bytes);
    print(stream);
    fclose(stream);
    std::string result(text, size_bytes);
    free(text);
    return result;
}

size_t count(const std::string &text, const std::string &what)
{
    size_t found = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        found++;
    }
    return found;
}

TEST(Page, EscapesWhateverItIsGiven)
{
    const char *hostile = "<script>&\"";
    std::string page = captured([&](FILE *stream) {
        ana_page_begin(stream, hostile);
        ana_page_heading(stream, 2, hostile, hostile);
        ana_page_text(stream, hostile, hostile);
        ana_page_link(stream, hostile, hostile);
        ana_page_table_begin(stream, &hostile, 1);
        ana_page_table_row(stream, &hostile, 1);
        ana_page_table_end(stream);
        ana_page_end(stream);
    });
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(count(page, "&lt;script&gt;&amp;&quot;"), 9u);
}

TEST(Page, MakesAParagraphOfWhatBlankLinesPart)
{
    std::string page =
        captured([](FILE *stream) { ana_page_text(stream, "Lead.", "one\ntwo\n\nthree"); });
    EXPECT_EQ(page, "<p><strong>Lead.</strong> one\ntwo</p>\n<p>three</p>\n");
}

TEST(Page, ShowsCellsAsGoodOrBad)
{
    const char *cells[] = {"+ yes", "- no", "-1"};
    std::string page = captured([&](FILE *stream) { ana_page_table_row(stream, cells, 3); });
    EXPECT_EQ(page, "<tr><td class=\"good\">yes</td><td class=\"bad\">no</td><td>-1</td></tr>\n");
}

class Plot : public testing::Test
{
  protected:
    const char *x[4] = {"1", "10", "100", "1000"};
    double values[4] = {1, NAN, 3, 4};
    ana_plot_series series = {"a < b", values};
    ana_plot plot = {"rate", "machines", x, 4, true, &series, 1, nullptr, 0};

    std::string Written()
    {
        return captured([&](FILE *stream) { ana_plot_write(stream, &plot); });
    }
    // Where the points are, left to right.
    std::vector<double> Places(const std::string &svg, const char *attribute)
    {
        std::vector<double> places;
        const std::regex circle(std::string("<circle [^>]*") + attribute + "=\"([-0-9.]+)\"");
        for (std::sregex_iterator m(svg.begin(), svg.end(), circle), end; m != end; ++m) {
            places.push_back(std::stod((*m)[1]));
        }
        return places;
    }
};

TEST_F(Plot, HasAPointForEachValueAndAGapWhereThereIsNone)
{
    std::string svg = Written();
    EXPECT_EQ(Places(svg, "cx").size(), 3u);
    EXPECT_EQ(count(svg, "M"), 2u) << "the line is interrupted";
    EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST_F(Plot, SpacesPowersOfTenEvenlyOnALogarithmicAxis)
{
    values[1] = 2;
    std::vector<double> places = Places(Written(), "cx");
    ASSERT_EQ(places.size(), 4u);
    EXPECT_NEAR(places[1] - places[0], places[3] - places[2], 0.2);
    plot.logarithmic = false;
    places = Places(Written(), "cx");
    EXPECT_GT(places[3] - places[2], 50 * (places[1] - places[0]));
}

TEST_F(Plot, SpacesWordsEvenlyAndDrawsNoLineBetweenThem)
{
    values[1] = 2;
    EXPECT_EQ(count(Written(), "L"), 3u);
    x[1] = "ten";
    std::string svg = Written();
    std::vector<double> places = Places(svg, "cx");
    ASSERT_EQ(places.size(), 4u);
    EXPECT_NEAR(places[1] - places[0], places[3] - places[2], 0.2);
    EXPECT_NE(svg.find(" d=\"\"/>"), std::string::npos);
}

TEST_F(Plot, PutsZeroAtTheFootAndEverythingWithinTheFrame)
{
    ana_plot_mark mark = {3, 50, 0, "published"};
    plot.marks = &mark;
    plot.mark_count = 1;
    values[0] = 0;
    std::vector<double> places = Places(Written(), "cy");
    ASSERT_EQ(places.size(), 5u); /* three values, the published point, its sign in the legend */
    EXPECT_NEAR(places[0], 310, 0.1);
    EXPECT_GE(places[3], 30);
    EXPECT_LT(places[3], places[2]) << "the published point is far above";
}

TEST_F(Plot, DrawsNothingWithoutValuesAndDoesNotDivideByThem)
{
    for (double &value : values) {
        value = NAN;
    }
    EXPECT_EQ(Places(Written(), "cx").size(), 0u);
    for (double &value : values) {
        value = 0;
    }
    std::string svg = Written();
    EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
    plot.x_count = 0;
    EXPECT_EQ(Written(), "");
}

} // namespace
