/* Does what a scenario expects of a metric hold, and in which words is that said. */
#include <analysis/metrics.h>

#include <stdio.h>
#include <string.h>

#include <base/locale.h>

static void detail_append(char detail[ANA_DETAIL_BYTES], const char *text)
{
    size_t used = strlen(detail);
    snprintf(detail + used, ANA_DETAIL_BYTES - used, "%s", text);
}

/* Appends ", expected at least 0.999". */
static bool bound_check(bool present, bool holds, const char *words, double bound,
                        char detail[ANA_DETAIL_BYTES])
{
    char text[96];
    if (!present) {
        return true;
    }
    snprintf(text, sizeof text, ", expected %s %.10g", words, bound);
    detail_append(detail, text);
    return holds;
}

bool ana_expectation_check(struct ana_metrics *metrics, const struct ana_expectation *expectation,
                           char detail[ANA_DETAIL_BYTES])
{
    LOCALE_NEUTRAL();
    struct trace_statistics statistics;
    bool observed = ana_metrics_find(metrics, expectation->metric, &statistics);
    const char *name = ana_statistic_name(expectation->statistic);

    if (!observed && expectation->statistic != ANA_COUNT && expectation->statistic != ANA_SUM) {
        snprintf(detail, ANA_DETAIL_BYTES, "%s was never observed, so it has no %s",
                 expectation->metric, name);
        return false;
    }
    double value = ana_statistic_value(&statistics, expectation->statistic);
    snprintf(detail, ANA_DETAIL_BYTES, "%s is %.10g", name, value);
    bool passed = bound_check(expectation->has_at_least, value >= expectation->at_least, "at least",
                              expectation->at_least, detail);
    passed &= bound_check(expectation->has_at_most, value <= expectation->at_most, "at most",
                          expectation->at_most, detail);
    passed &= bound_check(expectation->has_equals, value == expectation->equals, "exactly",
                          expectation->equals, detail);
    return passed;
}
