// Fuzz target: random bytes as a guest's code, registers, x87 state and place. The interpreter runs
// them in one stretch; it and every other engine of the build run them in random pieces too, and
// the translator in one stretch. Whatever the bytes are, all have the same state, memory and reason
// to stop, twice: at a random instruction, where an interrupt or a snapshot may come between, and
// at the end, which may be that of its memory's limit. None crashes or hangs.
//
// The input: struct Head, byte by byte, then code, which goes on over a page's end. Data and stack
// pages have fixed contents.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "support/elf_builder.h"
#include "vcpu/oracle/forms.h"
#include "vcpu/oracle/machine.h"

namespace
{

constexpr size_t CODE_MAX_BYTES = 512;
constexpr uint32_t PAGE_TWO = CODE + VCPU_PAGE_BYTES;
constexpr uint64_t INSTRUCTIONS_MAX = 2000;

struct Head {
    uint8_t gpr[8][4]; /* little endian */
    uint8_t flags[2];
    uint8_t before_end; /* how many bytes before the first page's end the code begins */
    uint8_t pieces;     /* seed of the pieces; the first comparison is after 1 + this */
    uint8_t place;      /* two bits a page, see Place; then INTERRUPTED and so on */
    uint8_t control;    /* bits 0..4: x87 precision and rounding control */
    uint8_t stack;      /* bits 0..2 TOP, 4..7 condition codes */
    uint8_t valid;      /* x87 registers in use */
    uint8_t values[8];  /* of x87 registers: sign and an index of VALUES */
};

enum Place { IN_IMAGE_AS_CODE, IN_IMAGE_AS_CODE_TOO, IN_IMAGE_AS_DATA, WRITTEN };
constexpr uint8_t INTERRUPTED = 0x10, SNAPSHOT = 0x20, LIMITED = 0x40;

struct Value {
    uint16_t exponent;
    uint64_t mantissa;
};
constexpr Value VALUES[16] = {
    {0x0000, 0},                  /* zero */
    {0x0000, 1},                  /* the least denormal */
    {0x0001, 1ull << 63},         /* the least normal */
    {0x3fff, 1ull << 63},         /* 1 */
    {0x3fff, 0xc000000000000000}, /* 1.5 */
    {0x3ffe, 0xfffffffffffffffe}, /* just below 1 */
    {0x3ffd, 0xaaaaaaaaaaaaaaab}, /* a third */
    {0x4000, 0xc90fdaa22168c235}, /* pi */
    {0x401e, 0xffffffff00000000}, /* 2^32 - 1 */
    {0x403e, 1ull << 63},         /* 2^63, no 64-bit integer */
    {0x3f81, 1ull << 63},         /* the least normal float */
    {0x3c00, 0x8000000000000001}, /* below the least normal double */
    {0x7ffe, UINT64_MAX},         /* the greatest */
    {0x7fff, 1ull << 63},         /* infinity */
    {0x7fff, 0xc000000000000001}, /* a quiet NaN */
    {0x7fff, 0x8000000000000001}, /* a signalling NaN */
};

/* What all runs did, told at the end. */
struct Account {
    uint64_t inputs = 0;
    uint64_t instructions = 0;
    ~Account()
    {
        fprintf(stderr, "execute_fuzz: %llu inputs, %llu instructions by all engines\n",
                (unsigned long long)inputs, (unsigned long long)instructions);
    }
};

Place place_of(const Head &head, int page)
{
    return (Place)(head.place >> 2 * page & 3);
}

/* The image of one input: data, and what of the code shall lie in it. */
struct vcpu_image *image_of(const Head &head, const std::vector<uint8_t> (&code)[2],
                            struct vcpu_arena *arena)
{
    static const std::vector<uint8_t> data = [] {
        std::vector<uint8_t> bytes(DATA_BYTES);
        struct random_stream random;
        random_init_seed(&random, 1);
        for (uint8_t &byte : bytes) {
            byte = (uint8_t)random_next(&random);
        }
        return bytes;
    }();
    std::vector<support::ElfSegment> segments = {{DATA, 0, data}};
    std::vector<uint32_t> flags = {PF_R | PF_W};
    for (int page = 0; page < 2; page++) {
        if (!code[page].empty() && place_of(head, page) != WRITTEN) {
            segments.push_back(
                {page ? PAGE_TWO : CODE + VCPU_PAGE_BYTES - head.before_end, 0, code[page]});
            flags.push_back(place_of(head, page) == IN_IMAGE_AS_DATA ? PF_R : PF_R | PF_X);
        }
    }
    std::vector<uint8_t> file = support::BuildElf(DATA, segments);
    for (size_t i = 0; i < flags.size(); i++) {
        support::ElfProgram(file, i)->p_flags = flags[i];
    }
    struct vcpu_image *image = nullptr;
    struct error error = ERROR_INIT;
    if (vcpu_image_parse(arena, "fuzz", file.data(), file.size(), &image, &error) != STATUS_OK) {
        fprintf(stderr, "execute_fuzz: %s\n", error.message);
        abort();
    }
    return image;
}

class Run
{
  public:
    Run(Engine &engine, bool in_pieces, Ground &ground, const Head &head,
        const std::vector<uint8_t> (&code)[2])
        : machine(ground), engine_(engine), in_pieces_(in_pieces)
    {
        uint32_t address = PAGE_TWO - head.before_end;
        for (int page = 0; page < 2; page++) {
            if (!code[page].empty() && place_of(head, page) == WRITTEN) {
                if (!vcpu_space_store(&machine.space, page ? PAGE_TWO : address, code[page].data(),
                                      (uint32_t)code[page].size())) {
                    abort();
                }
            }
        }
        struct vcpu &vcpu = machine.vcpu;
        vcpu_reset(&vcpu, address);
        for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
            const uint8_t *byte = head.gpr[i];
            vcpu.gpr[i] = (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
                          (uint32_t)byte[3] << 24;
        }
        vcpu.eflags = (head.flags[0] | (uint32_t)head.flags[1] << 8) & VCPU_FLAG_ALL;
        vcpu.x87.control = (uint16_t)(0x7f | (head.control & 0x1f) << 8);
        vcpu.x87.top = head.stack & 7;
        vcpu.x87.conditions = head.stack >> 4;
        vcpu.x87.valid = head.valid;
        for (int i = 0; i < 8; i++) {
            if (head.valid >> i & 1) {
                const Value &value = VALUES[head.values[i] & 15];
                vcpu.x87.mantissa[i] = value.mantissa;
                vcpu.x87.sign_exponent[i] =
                    (uint16_t)(value.exponent | (head.values[i] & 0x80) << 8);
            }
        }
        if (head.place & LIMITED) {
            machine.space.private_limit = machine.space.private_count + 3;
        }
        random_init_seed(&cuts_, head.pieces);
    }

    void go(uint64_t until)
    {
        while (!done && machine.vcpu.retired < until) {
            uint64_t budget = until - machine.vcpu.retired;
            if (in_pieces_) {
                static const uint32_t bounds[] = {1, 3, 16, 200};
                uint64_t piece = 1 + random_below(&cuts_, bounds[random_below(&cuts_, 4)]);
                budget = piece < budget ? piece : budget;
            }
            stop = engine_.run(machine.vcpu, budget);
            if (stop.retired > budget) {
                fprintf(stderr, "execute_fuzz: retired more than its budget\n");
                abort();
            }
            stop.retired = 0; /* depends on the pieces */
            serve();
        }
    }

    /* What a host may do between two instructions. */
    void disturb(uint8_t how)
    {
        if (how & SNAPSHOT) {
            vcpu_space_share(&machine.space);
        }
        if ((how & INTERRUPTED) && !done) {
            machine.vcpu.irq_enabled = true;
            machine.vcpu.irq_pending = 1;
            machine.vcpu.irq_handler = PAGE_TWO;
            (void)vcpu_interrupt_deliver(&machine.vcpu, &stop.fault);
            done = stop.fault.kind != VCPU_FAULT_NONE;
        }
    }

    Machine machine;
    struct vcpu_stop stop = {};
    bool done = false;

  private:
    /* What a host would do at a stop. */
    void serve()
    {
        struct vcpu &vcpu = machine.vcpu;
        switch (stop.reason) {
        case VCPU_STOP_BUDGET:
            break;
        case VCPU_STOP_PORT:
        case VCPU_STOP_REGISTER:
            vcpu_access_complete(&vcpu, &stop.access, (uint32_t)(vcpu.retired * 0x01000193));
            break;
        case VCPU_STOP_IDLE:
            vcpu.cycles += 1000;
            vcpu_idle_complete(&vcpu);
            break;
        default:
            done = true;
            break;
        }
    }

    Engine &engine_;
    bool in_pieces_;
    struct random_stream cuts_;
};

std::string memory_difference(const Ground &ground, const Machine &a, const Machine &b)
{
    for (uint32_t page = 2; page < MEMORY_BYTES / VCPU_PAGE_BYTES; page++) {
        uint32_t x = vcpu_space_frame(&a.space, page), y = vcpu_space_frame(&b.space, page);
        if (x != y && memcmp(vcpu_frame_bytes(ground.arena, x), vcpu_frame_bytes(ground.arena, y),
                             VCPU_PAGE_BYTES) != 0) {
            return " page " + std::to_string(page);
        }
    }
    return a.space.private_count == b.space.private_count ? "" : " private pages";
}

std::string differs(const Ground &ground, const Run &a, const Run &b)
{
    return difference(a.stop, b.stop) + difference(a.machine.vcpu, b.machine.vcpu) +
           memory_difference(ground, a.machine, b.machine);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    /* Kept from input to input, so that what an engine remembers is put to the test as well. */
    static Ground ground;
    static Engine interpreter("interpreter"), unicorn("unicorn"), translator("translator");
    static Account account;
    Head head;
    if (size_bytes <= sizeof head) {
        return 0;
    }
    memcpy(&head, data, sizeof head);
    data += sizeof head;
    size_t code_bytes = size_bytes - sizeof head;
    code_bytes = code_bytes < CODE_MAX_BYTES ? code_bytes : CODE_MAX_BYTES;
    size_t first_bytes = head.before_end < code_bytes ? head.before_end : code_bytes;
    const std::vector<uint8_t> code[2] = {{data, data + first_bytes},
                                          {data + first_bytes, data + code_bytes}};
    struct vcpu_image *zeros = ground.image;
    ground.image = image_of(head, code, ground.arena);

    Run right(interpreter, false, ground, head, code);
    struct {
        const char *name;
        Engine &engine;
        bool in_pieces;
        std::unique_ptr<Run> run;
    } others[] = {{"interpreter", interpreter, true, nullptr},
                  {"translator", translator, false, nullptr},
                  {"translator", translator, true, nullptr},
                  {"unicorn", unicorn, true, nullptr}};
    for (auto &other : others) {
        if (other.engine.engine) {
            other.run = std::make_unique<Run>(other.engine, other.in_pieces, ground, head, code);
        }
    }
    for (uint64_t until : {1 + (uint64_t)head.pieces, INSTRUCTIONS_MAX}) {
        right.go(until);
        for (auto &other : others) {
            if (!other.run) {
                continue;
            }
            other.run->go(until);
            std::string wrong = differs(ground, right, *other.run);
            if (!wrong.empty()) {
                fprintf(stderr, "execute_fuzz: interpreter/%s%s, until %llu:%s\n  code at %x: %s\n",
                        other.name, other.in_pieces ? " in pieces" : "", (unsigned long long)until,
                        wrong.c_str(), PAGE_TWO - head.before_end,
                        disassembly(data, code_bytes, PAGE_TWO - head.before_end).c_str());
                abort();
            }
            other.run->disturb(head.place);
        }
        right.disturb(head.place);
    }
    account.inputs++;
    account.instructions += right.machine.vcpu.retired;
    for (auto &other : others) {
        account.instructions += other.run ? other.run->machine.vcpu.retired : 0;
    }
    vcpu_image_release(ground.image);
    ground.image = zeros;
    return 0;
}

/* libFuzzer's; not there where a corpus is replayed. */
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size_bytes,
                                                         size_t max_bytes);

/* One time in three puts an instruction of the ISA somewhere into the code: by bytes alone most
 * forms are never found. */
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t max_bytes,
                                          unsigned seed)
{
    static const std::vector<Form> forms[2] = {forms_of(false, 0x00, 0xff),
                                               forms_of(true, 0x00, 0xff)};
    struct random_stream random;
    random_init_seed(&random, seed);
    std::vector<uint8_t> bytes;
    const std::vector<Form> &some = forms[random_below(&random, 2)];
    struct isa_instruction instruction;
    form_instance(some[random_below(&random, some.size())], &random, &bytes, &instruction);
    if (random_below(&random, 3) || size_bytes < sizeof(Head) ||
        max_bytes - size_bytes < bytes.size()) {
        return LLVMFuzzerMutate(data, size_bytes, max_bytes);
    }
    size_t at = sizeof(Head) + random_below(&random, size_bytes - sizeof(Head) + 1);
    memmove(data + at + bytes.size(), data + at, size_bytes - at);
    memcpy(data + at, bytes.data(), bytes.size());
    return size_bytes + bytes.size();
}
