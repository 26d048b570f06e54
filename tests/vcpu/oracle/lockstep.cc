// Runs a program on two machines in lockstep.
#include "vcpu/oracle/lockstep.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

#include "support/elf_builder.h"

extern "C" {
#include <base/hash.h>

#include "translator/cache.h"
}

constexpr uint64_t FAULTS_MAX = 300; /* of one run */
constexpr uint64_t ARENA_BYTES = 8u << 20;

/* --- one side --------------------------------------------------------------------------------- */

Side::Side(const Trial &trial, struct vcpu_arena *arena, struct vcpu_image *image)
    : trial_(trial), offsets_(trial.program.offsets())
{
    vcpu_space_init(&space, arena, image, MEMORY_BYTES);
    vcpu = trial.state;
    vcpu.space = &space;
    vcpu.eip = trial.address + offsets_[trial.entry];
    auto store = [&](uint32_t address, const std::vector<uint8_t> &bytes) {
        if (!vcpu_space_store(&space, address, bytes.data(), (uint32_t)bytes.size())) {
            throw std::out_of_range("a region of a trial is no memory");
        }
    };
    if (!trial.in_image) {
        store(trial.address, trial.program.assemble(trial.address));
    }
    for (const Region &region : trial.memory) {
        if (!trial.data_in_image) {
            store(region.address, region.bytes);
        }
    }
    if (trial.paged) {
        vcpu_space_paging_begin(&space);
    }
    if (trial.pages_max < UINT32_MAX) {
        space.private_limit = space.private_count + trial.pages_max;
    }
}

Side::~Side()
{
    vcpu_space_fini(&space);
}

void Side::serve(const struct vcpu_stop &now)
{
    if (now.reason == VCPU_STOP_BUDGET) {
        return;
    }
    for (uint64_t value : {(uint64_t)now.reason, vcpu.retired, (uint64_t)vcpu.eip,
                           (uint64_t)now.access.address << 32 | now.access.value,
                           (uint64_t)now.fault.kind << 32 | now.fault.address,
                           (uint64_t)now.page.page << 1 | now.page.write}) {
        stops = (stops ^ value) * 0x9e3779b97f4a7c15u;
        stops ^= stops >> 29;
    }
    served += now.reason != VCPU_STOP_PAGE;
    switch (now.reason) {
    case VCPU_STOP_PORT:
    case VCPU_STOP_REGISTER:
        vcpu_access_complete(&vcpu, &now.access, (uint32_t)(vcpu.retired * 0x01000193));
        break;
    case VCPU_STOP_PAGE:
        if (!trial_.paged || !vcpu_space_absent(&space, now.page.page, now.page.write)) {
            broken = " stops at a page that is there";
        }
        if (at_page) {
            at_page(now.page);
        }
        vcpu_space_let(&space, now.page.page, 1, now.page.write);
        pages++;
        break;
    case VCPU_STOP_IDLE:
        vcpu.cycles += 1000;
        vcpu_idle_complete(&vcpu);
        break;
    case VCPU_STOP_FAULT: {
        auto line = std::find(offsets_.begin(), offsets_.end(), vcpu.eip - trial_.address);
        auto next = std::upper_bound(offsets_.begin(), offsets_.end(), vcpu.eip - trial_.address);
        done_ = line == offsets_.end() || next == offsets_.end() || next == offsets_.end() - 1 ||
                ++faults == FAULTS_MAX;
        if (!done_) {
            vcpu.eip = trial_.address + *next;
        }
        break;
    }
    default:
        done_ = true;
        break;
    }
}

/* Which of the engines, from an instruction count: so that it does not change as a trial shrinks.
 */
static size_t turn(uint64_t retired, size_t count)
{
    return (size_t)((retired * 0x9e3779b97f4a7c15u >> 40) % count);
}

void Side::advance(uint64_t until, const std::vector<Engine *> &engines,
                   const std::vector<uint64_t> &cuts, Side *companion)
{
    while (!done_ && broken.empty() && vcpu.retired < until) {
        uint64_t before = vcpu.retired;
        if (companion) {
            companion->advance(companion->vcpu.retired + before % 64,
                               {engines[turn(before, engines.size())]}, {});
        }
        auto cut = std::upper_bound(cuts.begin(), cuts.end(), before);
        uint64_t budget = (cut == cuts.end() ? until : std::min(until, *cut)) - before;
        stop = engines[turn(before, engines.size())]->run(vcpu, budget);
        if (vcpu.retired - before != stop.retired || stop.retired > budget ||
            (stop.reason == VCPU_STOP_BUDGET) != (stop.retired == budget)) {
            broken = " of a budget of " + std::to_string(budget) + " retired " +
                     std::to_string(stop.retired) + ", counted " +
                     std::to_string(vcpu.retired - before) + ", reason " +
                     std::to_string(stop.reason);
        }
        retired_unchanged += space.code_private || !trial_.in_image ? 0 : stop.retired;
        stop.retired = 0; /* depends on the cuts */
        serve(stop);
    }
}

void Side::catch_up(const Side &other, Engine &engine)
{
    while (!done_ && broken.empty() &&
           (vcpu.retired < other.vcpu.retired || served < other.served)) {
        stop = engine.run(vcpu, std::max<uint64_t>(other.vcpu.retired - vcpu.retired, 1));
        stop.retired = 0;
        serve(stop);
    }
}

void Side::act(Mark::Action action)
{
    if (action == Mark::SNAPSHOT) {
        vcpu_space_share(&space);
    } else if (action == Mark::INTERRUPT && trial_.program.handler != NO_LABEL) {
        const Program &program = trial_.program;
        vcpu.irq_enabled = true;
        vcpu.irq_pending = 1;
        vcpu.irq_handler = trial_.address + offsets_[program.labels[program.handler]];
        struct vcpu_fault fault;
        struct vcpu_need need;
        while (vcpu_interrupt_lacks(&vcpu, &need)) {
            vcpu_space_let(&space, need.page, 1, need.write);
        }
        if (!vcpu_interrupt_deliver(&vcpu, &fault)) { /* no stack: as if it had not been */
            vcpu.irq_enabled = false;
            vcpu.irq_pending = 0;
        }
    }
    if (trial_.paged) {
        forget();
    }
}

/* A quarter of the pages may not be written any more, and a quarter not be read; from the
 * instruction count, which both sides share. */
void Side::forget()
{
    for (uint32_t page = 0; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
        uint64_t dice = (vcpu.retired * 64 + page) * 0x9e3779b97f4a7c15u >> 60;
        if (dice < 8) {
            vcpu_space_forget(&space, page, 1, dice < 4);
        }
    }
}

/* --- both ------------------------------------------------------------------------------------- */

std::string memory_difference(const Side &a, const Side &b)
{
    for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
        const uint8_t *x = vcpu_frame_bytes(a.space.arena, vcpu_space_frame(&a.space, page));
        const uint8_t *y = vcpu_frame_bytes(b.space.arena, vcpu_space_frame(&b.space, page));
        if (x == y || memcmp(x, y, VCPU_PAGE_BYTES) == 0) {
            continue;
        }
        uint32_t i = 0;
        while (x[i] == y[i]) {
            i++;
        }
        char line[64];
        snprintf(line, sizeof line, " [%x] %02x/%02x", page * VCPU_PAGE_BYTES + i, x[i], y[i]);
        return line;
    }
    return a.space.private_count == b.space.private_count
               ? ""
               : " private pages " + std::to_string(a.space.private_count) + "/" +
                     std::to_string(b.space.private_count);
}

struct vcpu_image *trial_image(const Trial &trial, struct vcpu_arena *arena)
{
    std::vector<support::ElfSegment> segments;
    std::vector<uint32_t> flags;
    if (trial.in_image) {
        segments.push_back({trial.address, 0, trial.program.assemble(trial.address)});
        flags.push_back(PF_R | PF_X);
    } else {
        segments.push_back({trial.address & ~VCPU_PAGE_MASK, 0, {0}});
        flags.push_back(PF_R | PF_W | PF_X);
    }
    for (const Region &region : trial.memory) {
        if (trial.data_in_image) {
            segments.push_back({region.address, 0, region.bytes});
            flags.push_back(PF_R | PF_W);
        }
    }
    std::vector<uint8_t> file = support::BuildElf(segments[0].address, segments);
    for (size_t i = 0; i < flags.size(); i++) {
        support::ElfProgram(file, i)->p_flags = flags[i];
    }
    struct vcpu_image *image = nullptr;
    struct error error = ERROR_INIT;
    if (vcpu_image_parse(arena, "trial", file.data(), file.size(), &image, &error) != STATUS_OK) {
        throw std::runtime_error(error.message);
    }
    return image;
}

Lockstep::Lockstep(const Trial &trial, Engine &reference, const std::vector<Engine *> &others)
    : trial_(trial), reference_{&reference}, others_(others)
{
    struct error error = ERROR_INIT;
    if (vcpu_arena_create(ARENA_BYTES, &arena_, &error) != STATUS_OK) {
        throw std::runtime_error(error.message);
    }
    try {
        image_ = trial_image(trial, arena_);
        begin(trial);
    } catch (const std::exception &) {
        end(); /* there is nobody to destroy it */
        throw;
    }
}

void Lockstep::begin(const Trial &trial)
{
    a = std::make_unique<Side>(trial, arena_, image_);
    b = std::make_unique<Side>(trial, arena_, image_);
    if (trial.companion) {
        companion = std::make_unique<Side>(trial, arena_, image_);
        std::reverse(std::begin(companion->vcpu.gpr), std::end(companion->vcpu.gpr));
        companion->vcpu.eflags ^= VCPU_FLAG_ALL & ~VCPU_FLAG_DF;
    }
    if (trial.cache_bytes && vcpu_engine_find("translator")) {
        struct cache *cache =
            cache_of(image_, trial.paged ? TRANSLATOR_PAGED_SLOT : TRANSLATOR_SLOT);
        if (cache) {
            cache->half_bytes = trial.cache_bytes;
        }
    }
}

Lockstep::~Lockstep()
{
    end();
}

void Lockstep::end()
{
    a.reset();
    b.reset();
    companion.reset();
    if (image_) {
        vcpu_image_release(image_);
    }
    vcpu_arena_destroy(arena_);
}

/* What machines share is never written, or both would see it and agree. */
std::string Lockstep::image_difference() const
{
    for (uint32_t page = 0; page < image_->page_count; page++) {
        if (hash_bytes(vcpu_frame_bytes(arena_, image_->frames[page]), VCPU_PAGE_BYTES) !=
            image_->page_hashes[page]) {
            return " the image's page " + std::to_string(page);
        }
    }
    return hash_bytes(vcpu_frame_bytes(arena_, VCPU_FRAME_ZERO), VCPU_PAGE_BYTES) ==
                   vcpu_zero_page_hash()
               ? ""
               : " the page of zeros";
}

bool Lockstep::step()
{
    bool last = next_ >= trial_.marks.size() || trial_.marks[next_].at >= trial_.length;
    uint64_t until = last ? trial_.length : trial_.marks[next_].at;
    a->advance(until, reference_, {});
    b->advance(until, others_, trial_.cuts, companion.get());
    at = a->vcpu.retired;
    wrong = a->broken + b->broken + difference(a->stop, b->stop) + difference(a->vcpu, b->vcpu) +
            memory_difference(*a, *b) + image_difference();
    if (wrong.empty() && (a->stops != b->stops || a->done() != b->done())) {
        wrong = " stops on the way";
    }
    if (!wrong.empty() || last || a->done()) {
        return false;
    }
    a->act(trial_.marks[next_].action);
    b->act(trial_.marks[next_].action);
    next_++;
    return true;
}

const std::string &Lockstep::run()
{
    while (step()) {
    }
    return wrong;
}

std::string isolated_run(const Trial &trial, Engine &reference, const std::vector<Engine *> &others)
{
    int ends[2];
    if (pipe(ends) != 0) {
        throw std::runtime_error("no pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT}) {
            signal(number, SIG_DFL);
        }
        alarm(2); /* one that does not end, either */
        std::string wrong;
        try {
            wrong = Lockstep(trial, reference, others).run();
        } catch (const std::exception &) {
            /* no trial at all; nobody else may catch it here */
        }
        ssize_t size = write(ends[1], wrong.data(), std::min<size_t>(wrong.size(), 4000));
        _exit(size < 0);
    }
    close(ends[1]);
    char text[4096];
    ssize_t size = read(ends[0], text, sizeof text);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? " the process ends by signal " + std::to_string(WTERMSIG(status))
                               : std::string(text, (size_t)std::max<ssize_t>(size, 0));
}

/* --- random trials ---------------------------------------------------------------------------- */

void random_state(struct random_stream *random, struct vcpu *state)
{
    vcpu_reset(state, 0);
    for (uint32_t &reg : state->gpr) {
        reg = random_below(random, 2) ? corner32(random)
                                      : OPERANDS + (uint32_t)random_below(random, OPERANDS_BYTES);
    }
    state->eflags = (uint32_t)random_next(random) & VCPU_FLAG_ALL & ~VCPU_FLAG_DF;
    if (random_below(random, 2)) {
        state->x87.control = (uint16_t)(0x007fu | (random_next(random) & 0x1f00u));
        state->x87.top = (uint8_t)random_below(random, 8);
        state->x87.conditions = (uint8_t)random_below(random, 16);
        state->x87.valid = (uint8_t)random_next(random);
        for (unsigned i = 0; i < 8; i++) {
            if (state->x87.valid >> i & 1) {
                state->x87.mantissa[i] = random_next(random) | 1ull << 63;
                state->x87.sign_exponent[i] = (uint16_t)(0x3fe0 + random_below(random, 64));
            }
        }
    }
}

/* Budgets of 1 or 2, of up to 60 and far more, or always the same one. */
static std::vector<uint64_t> random_cuts(struct random_stream *random, uint64_t length)
{
    static const uint32_t bounds[] = {2, 8, 60, 2000};
    std::vector<uint64_t> cuts;
    uint64_t style = random_below(random, 8);
    uint64_t same = 1 + random_below(random, 60);
    for (uint64_t at = random_below(random, same); at < length;) {
        if (at) {
            cuts.push_back(at);
        }
        at += style < 2   ? same
              : style < 6 ? 1 + random_below(random, bounds[random_below(random, 4)])
                          : 1 + random_below(random, bounds[style - 4]);
    }
    return cuts;
}

Trial random_trial(ProgramMaker &maker, uint64_t number, uint64_t length)
{
    struct random_stream random;
    random_init_seed(&random, oracle_seed() * 1000003 + number);
    Trial trial;
    /* Often so that it crosses a page's end. */
    trial.address = CODE + (uint32_t)random_below(&random, VCPU_PAGE_BYTES);
    trial.program = maker.make(&random, trial.address);
    trial.data_in_image = random_below(&random, 2);
    trial.length = length;
    Region data = {DATA, std::vector<uint8_t>(DATA_BYTES)};
    for (uint8_t &byte : data.bytes) {
        byte = (uint8_t)random_next(&random);
    }
    uint32_t rounds = 1 + (uint32_t)random_below(&random, 60);
    memcpy(data.bytes.data(), &rounds, sizeof rounds);
    trial.memory.push_back(data);
    random_state(&random, &trial.state);
    bool interrupted = random_below(&random, 3) == 0, shared = random_below(&random, 8) == 0;
    uint64_t gap_max = interrupted ? 400 : 1500;
    for (uint64_t at = 1 + random_below(&random, gap_max); at < length;
         at += 1 + random_below(&random, gap_max)) {
        bool snapshot = shared && random_below(&random, 4) == 0;
        trial.marks.push_back({at, snapshot      ? Mark::SNAPSHOT
                                   : interrupted ? Mark::INTERRUPT
                                                 : Mark::LOOK});
    }
    trial.cuts = random_cuts(&random, length);
    if (random_below(&random, 16) == 0) {
        trial.pages_max = (uint32_t)random_below(&random, 4);
    }
    if (random_below(&random, 8) == 0) { /* so little that it begins anew all the time */
        trial.cache_bytes = 2048u << random_below(&random, 4);
    }
    trial.companion = random_below(&random, 4) == 0;
    trial.paged = random_below(&random, 4) == 0;
    return trial;
}
