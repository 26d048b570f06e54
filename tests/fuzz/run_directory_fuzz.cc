// Fuzz target: the readers of a run directory, which may be anybody's. The first byte chooses the
// reader, the rest is the file. Whatever it holds, the answer is the content or a status with a
// message; a summary that was taken can be written and is taken again.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/temporary_folder.h"

extern "C" {
#include <analysis/metrics.h>
#include <analysis/summary.h>
#include <traces/metrics_reader.h>
#include <traces/summary.h>
}

namespace
{

void require(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "run_directory_fuzz: %s\n", what);
        std::abort();
    }
}

void read_summary(const support::TemporaryFolder &folder)
{
    trace_summary_file file;
    error failure = ERROR_INIT;
    enum status status = trace_summary_read(folder.path().c_str(), &file, &failure);
    require((status == STATUS_OK) == (failure.message[0] == '\0'), "a failure without a message");
    if (status == STATUS_OK) {
        static FILE *const nowhere = std::fopen("/dev/null", "w");
        ana_summary_print(&file.summary, 0, 0, nowhere);
        const std::string path = folder.path("summary.json");
        require(trace_summary_write(&file.summary, path.c_str(), &failure) == STATUS_OK,
                "a summary that was read cannot be written");
        trace_summary_file again;
        require(trace_summary_read(folder.path().c_str(), &again, &failure) == STATUS_OK,
                "a summary that was written cannot be read");
        require(again.summary.digest == file.summary.digest &&
                    again.summary.metric_count == file.summary.metric_count &&
                    again.summary.virtual_ns == file.summary.virtual_ns,
                "a summary changed on its way");
        trace_summary_file_fini(&again);
    }
    trace_summary_file_fini(&file);
}

void read_metrics(const support::TemporaryFolder &folder)
{
    ana_metrics *metrics = ana_metrics_create();
    error failure = ERROR_INIT;
    uint32_t count;
    enum status status = ana_metrics_add_run(metrics, folder.path().c_str(), &failure);
    require((status == STATUS_OK) == (failure.message[0] == '\0'), "a failure without a message");
    const trace_summary_metric *list = ana_metrics_list(metrics, &count);
    for (uint32_t i = 0; i < count; i++) {
        const trace_statistics &s = list[i].statistics;
        require(s.count > 0 && s.min <= s.p50 && s.p50 <= s.p90 && s.p90 <= s.p95 &&
                    s.p95 <= s.p99 && s.p99 <= s.max,
                "statistics out of order");
        require(i == 0 || std::string(list[i - 1].name) < list[i].name, "a name twice");
    }
    ana_metrics_destroy(metrics);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const support::TemporaryFolder folder;
    if (size_bytes == 0) {
        return 0;
    }
    const std::string text(reinterpret_cast<const char *>(data) + 1, size_bytes - 1);
    if (data[0] == 's') {
        folder.write("summary.json", text);
        read_summary(folder);
    } else {
        folder.write("metrics.csv", text);
        read_metrics(folder);
    }
    return 0;
}
