// The pager again, as small as it can be said: no intrusive lists, no tables that grow, everything
// looked for where it may be. Written from emu/host/pager.h's text; what it says and what the
// pager says must be the same, call by call.
#ifndef DENALI_TESTS_EMU_HOST_PAGER_MODEL_H
#define DENALI_TESTS_EMU_HOST_PAGER_MODEL_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

class PagerModel
{
  public:
    struct Frame {
        enum { kFree, kReading, kHere, kOrphan } state = kFree;
        bool image = false, used = false, dirty = false, writing = false;
        int owner = -1, block = -1, held = 0;
        uint64_t used_at = 0;
        std::deque<int> mappers, waiters;
    };
    struct Machine {
        bool present = false;
        int pages = 0, image = -1, floor = 0, ceiling = 0, disk = 0;
        uint64_t sector = 0, vt = 0, last = 0, since = 0;
        std::set<int> swapped;
        std::deque<int> frames, pins;
        enum { kNone, kLine, kOwn, kFrame } wait = kNone;
        int block = 0, awaited = -1; // a frame, or kInVain
        bool write = false;
        uint64_t page_ins = 0, page_outs = 0, evicted = 0, caused = 0, faults = 0, wait_ns = 0;
    };
    struct Image {
        int pages = 0, disk = 0;
        uint64_t sector = 0;
    };

    static constexpr int kInVain = -2;

    int block_pages;
    uint64_t window, inactive, now = 0;
    size_t writes_max, scan_max = SIZE_MAX;
    std::vector<Frame> frames;
    std::vector<Machine> machines;
    std::vector<Image> images;
    std::vector<std::pair<uint64_t, uint64_t>> disks;  // first, count
    std::vector<std::map<uint64_t, uint64_t>> regions; // sector, count
    std::deque<int> unused, line;
    size_t hand = 0;
    std::deque<std::pair<int, uint64_t>> choices; // machine, blocks
    uint64_t low = 0, taken = 0, missed = 0, in_vain = 0;
    bool told = false;
    std::vector<std::string> trace;

    PagerModel(int frame_count, int block, int machine_max, uint64_t window_ns,
               uint64_t inactive_ns, size_t writes,
               std::vector<std::pair<uint64_t, uint64_t>> where)
        : block_pages(block), window(window_ns), inactive(inactive_ns), writes_max(writes),
          frames(frame_count), machines(machine_max), disks(std::move(where)), regions(disks.size())
    {
        for (int i = 0; i < frame_count; i++) {
            unused.push_back(i);
        }
    }

    void image_add(int pages)
    {
        Image image;
        image.pages = pages;
        place(8u * pages, &image.disk, &image.sector);
        images.push_back(image);
    }
    void add(int m, int pages, int image, int floor, int ceiling)
    {
        machines[m] = Machine();
        machines[m].present = true;
        machines[m].pages = pages;
        machines[m].image = image;
        machines[m].floor = floor;
        machines[m].ceiling = ceiling;
        machines[m].last = now;
        place(8u * pages, &machines[m].disk, &machines[m].sector);
    }
    void remove(int m, uint64_t at)
    {
        now = at;
        Machine &gone = machines[m];
        line.erase(std::remove(line.begin(), line.end(), m), line.end());
        for (size_t i = 0; i < frames.size(); i++) {
            Frame &frame = frames[i];
            frame.waiters.erase(std::remove(frame.waiters.begin(), frame.waiters.end(), m),
                                frame.waiters.end());
            frame.mappers.erase(std::remove(frame.mappers.begin(), frame.mappers.end(), m),
                                frame.mappers.end());
        }
        gone.pins.clear();
        for (int i : gone.frames) {
            bool writing = frames[i].writing;
            if (frames[i].state == Frame::kReading || writing) {
                frames[i] = Frame();
                frames[i].state = Frame::kOrphan;
                frames[i].writing = writing;
            } else {
                release(i);
            }
        }
        regions[gone.disk].erase(gone.sector);
        gone = Machine();
        serve();
    }
    void limits(int m, uint64_t at, int floor, int ceiling)
    {
        now = at;
        machines[m].floor = floor;
        machines[m].ceiling = ceiling;
        if (machines[m].wait == Machine::kOwn) {
            retry(m);
        }
        serve();
    }
    void reference(int m, uint64_t at, int page, bool write)
    {
        now = at;
        Machine &machine = machines[m];
        int block = page / block_pages;
        int own = own_frame(m, block);
        if (own >= 0) {
            use(own);
            frames[own].dirty = frames[own].dirty || write;
            return say("= hit");
        }
        machine.block = block;
        machine.write = write;
        machine.since = at;
        if (machine.pins.size() == 8) {
            machine.pins.pop_front();
        }
        std::string outcome = attempt(m);
        machine.faults += outcome != "hit";
        if (outcome == "wait" && machine.wait == Machine::kLine) {
            line.push_back(m);
        }
        say("= " + outcome);
    }
    void choose(std::deque<std::pair<int, uint64_t>> list, uint64_t low_blocks)
    {
        choices = std::move(list);
        low = low_blocks;
        told = false;
    }
    uint64_t left() const
    {
        uint64_t sum = 0;
        for (auto [machine, count] : choices) {
            sum += count;
        }
        return sum;
    }
    void ran(int m, uint64_t at, uint64_t ns)
    {
        now = machines[m].last = at;
        machines[m].vt += ns;
        if (ns && !machines[m].pins.empty()) {
            machines[m].pins.clear();
            serve();
        }
    }
    void transferred(int id, uint64_t at)
    {
        now = at;
        Frame &frame = frames[id];
        if (frame.state == Frame::kOrphan) {
            release(id);
        } else if (frame.state == Frame::kReading) {
            frame.state = Frame::kHere;
            use(id);
            std::deque<int> waiters;
            waiters.swap(frame.waiters);
            frame.held++;
            for (int m : waiters) {
                if (frame.image) {
                    retry(m);
                } else {
                    pin(m, id);
                    ready(m, "read");
                }
            }
            frame.held--;
        } else {
            frame.writing = false;
            Machine &owner = machines[frame.owner];
            owner.swapped.insert(frame.block);
            if (owner.wait == Machine::kOwn) {
                retry(frame.owner);
            }
        }
        serve();
    }

  private:
    void say(const std::string &text)
    {
        trace.push_back(text);
    }
    int own_frame(int m, int block) const
    {
        for (int i : machines[m].frames) {
            if (frames[i].block == block) {
                return i;
            }
        }
        return -1;
    }
    int image_frame(int image, int block) const
    {
        for (size_t i = 0; i < frames.size(); i++) {
            if (frames[i].image && frames[i].owner == image && frames[i].block == block) {
                return (int)i;
            }
        }
        return -1;
    }
    int blocks(int pages) const
    {
        return (pages + block_pages - 1) / block_pages;
    }
    void place(uint64_t count, int *disk, uint64_t *sector)
    {
        std::vector<std::pair<uint64_t, int>> order; // used, disk: most room first
        for (size_t d = 0; d < disks.size(); d++) {
            uint64_t room = disks[d].second;
            for (auto [at, size] : regions[d]) {
                room -= size;
            }
            order.push_back({UINT64_MAX - room, (int)d});
        }
        std::sort(order.begin(), order.end());
        for (auto [rank, d] : order) {
            uint64_t at = disks[d].first;
            for (auto [begin, size] : regions[d]) {
                if (begin - at >= count) {
                    break;
                }
                at = begin + size;
            }
            if (disks[d].first + disks[d].second - at >= count) {
                regions[d][at] = count;
                *disk = d;
                *sector = at;
                return;
            }
        }
        say("no room");
    }
    void use(int i)
    {
        frames[i].used = true;
        frames[i].used_at = clock(i);
    }
    uint64_t clock(int i) const
    {
        return frames[i].image ? now : machines[frames[i].owner].vt;
    }
    bool pinned(int i) const
    {
        return frames[i].held || std::any_of(machines.begin(), machines.end(), [&](auto &m) {
                   return std::count(m.pins.begin(), m.pins.end(), i) > 0;
               });
    }
    void pin(int m, int i)
    {
        auto &pins = machines[m].pins;
        if (std::count(pins.begin(), pins.end(), i) == 0) {
            pins.push_back(i);
        }
    }
    void release(int i)
    {
        frames[i] = Frame();
        unused.push_back(i);
    }
    size_t writes() const
    {
        return std::count_if(frames.begin(), frames.end(), [](auto &f) { return f.writing; });
    }
    void transfer(int id, int disk, uint64_t first, int pages, int block, bool write, int behalf)
    {
        int page = block * block_pages;
        int count = std::min(block_pages, pages - page);
        (write ? machines[frames[id].owner].page_outs : machines[behalf].page_ins) += count;
        char text[120];
        snprintf(text, sizeof text, "%s %d: disk %d, %llu+%d for %d", write ? "write" : "read", id,
                 disk, (unsigned long long)(first + 8ull * page), count * 8, behalf);
        say(text);
    }
    void forget_one(int m, int block, bool writes_only)
    {
        char text[80];
        snprintf(text, sizeof text, "forget%s %d: %d+%d", writes_only ? " writes" : "", m,
                 block * block_pages, block_pages);
        say(text);
    }
    void forget(int i, bool writes_only)
    {
        if (!frames[i].image) {
            return forget_one(frames[i].owner, frames[i].block, writes_only);
        }
        while (!frames[i].mappers.empty()) {
            int m = frames[i].mappers.front();
            frames[i].mappers.pop_front();
            forget_one(m, frames[i].block, false);
        }
    }
    void evict(int i, int behalf)
    {
        forget(i, false);
        machines[behalf].caused += block_pages;
        if (!frames[i].image) {
            Machine &owner = machines[frames[i].owner];
            owner.frames.erase(std::find(owner.frames.begin(), owner.frames.end(), i));
            owner.evicted += block_pages;
        }
        frames[i] = Frame();
    }
    void clean(int i, int behalf)
    {
        frames[i].dirty = false;
        frames[i].writing = true;
        forget(i, true);
        const Machine &owner = machines[frames[i].owner];
        transfer(i, owner.disk, owner.sector, owner.pages, frames[i].block, true, behalf);
    }
    bool working(int i) const
    {
        uint64_t age = clock(i) - frames[i].used_at;
        if (frames[i].image) {
            return age <= inactive;
        }
        const Machine &owner = machines[frames[i].owner];
        return (owner.wait != Machine::kNone || now - owner.last <= inactive) && age <= window;
    }
    // Looks at frames in this order, all of one machine if `of` is one; -1: none now.
    template <typename Next> int round(int m, size_t count, Next next, int of)
    {
        int resort[2][2] = {{-1, -1}, {-1, -1}};
        size_t looked = 0;
        for (size_t step = 0; step < count; step++) {
            bool any = std::max({resort[0][0], resort[0][1], resort[1][0], resort[1][1]}) >= 0;
            if (of < 0 && looked >= scan_max && (any || writes())) {
                break;
            }
            int i = next();
            Frame &frame = frames[i];
            if ((frame.state == Frame::kHere || frame.state == Frame::kReading) && !frame.image &&
                frame.owner != m &&
                (int)machines[frame.owner].frames.size() <= blocks(machines[frame.owner].floor)) {
                continue;
            }
            looked++;
            if (frame.state != Frame::kHere || frame.writing || pinned(i)) {
                continue;
            }
            int &last = resort[frame.dirty][frame.used];
            if (frame.used) {
                frame.used = false;
                frame.used_at = clock(i);
                forget(i, false);
            } else if (!working(i)) {
                if (!frame.dirty) {
                    evict(i, m);
                    return i;
                }
                if (writes() < writes_max) {
                    clean(i, m);
                    continue;
                }
            }
            last = last < 0 ? i : last;
        }
        size_t under_way =
            of >= 0 ? std::count_if(machines[of].frames.begin(), machines[of].frames.end(),
                                    [&](int i) { return frames[i].writing; })
                    : writes();
        if (under_way) {
            return -1;
        }
        for (int i : {resort[0][0], resort[0][1]}) {
            if (i >= 0) {
                evict(i, m);
                return i;
            }
        }
        for (int i : {resort[1][0], resort[1][1]}) {
            if (i >= 0) {
                clean(i, m);
                return -1;
            }
        }
        return -1;
    }
    // A round over a machine's own frames, for m.
    int round_of(int of, int m)
    {
        auto &its = machines[of].frames;
        return round(
            m, of == m ? its.size() : std::min(its.size(), scan_max),
            [&] {
                int first = its.front();
                its.pop_front();
                its.push_back(first);
                return first;
            },
            of);
    }
    // As somebody else has chosen; -1: m waits for a write, or else nobody chosen has one.
    int chosen(int m, bool &waits)
    {
        Machine &machine = machines[m];
        if (machine.awaited >= 0) {
            Frame &frame = frames[machine.awaited];
            if (frame.writing) {
                waits = true;
                return -1;
            }
            const int i = machine.awaited;
            machine.awaited = kInVain;
            const bool kept =
                !frame.image && frame.owner >= 0 && frame.owner != m &&
                (int)machines[frame.owner].frames.size() <= blocks(machines[frame.owner].floor);
            if (frame.state != Frame::kHere || frame.dirty || pinned(i) || kept) {
                in_vain++;
                return -1;
            }
            evict(i, m);
            return i;
        }
        while (!choices.empty() && machine.awaited != kInVain) {
            auto &[of, count] = choices.front();
            const Machine &owner = machines[of];
            int i = -1;
            if (owner.present && (of == m || (int)owner.frames.size() > blocks(owner.floor))) {
                i = round_of(of, m);
                for (auto at = owner.frames.rbegin(); i < 0 && at != owner.frames.rend(); ++at) {
                    machine.awaited = frames[*at].writing ? *at : machine.awaited;
                }
            }
            waits = machine.awaited >= 0;
            const bool good = i >= 0 || waits;
            (good ? taken : missed) += good ? 1 : count;
            count = good ? count - 1 : 0;
            if (count == 0) {
                choices.pop_front();
            }
            if (!told && left() <= low) {
                told = true;
                say("low");
            }
            if (good) {
                return i;
            }
        }
        return -1;
    }
    bool full(int m) const
    {
        return ((int64_t)machines[m].frames.size() + 1) * block_pages > machines[m].ceiling;
    }
    int take(int m, bool own)
    {
        Machine &machine = machines[m];
        while (own && full(m)) {
            int i = round_of(m, m);
            machine.wait = i < 0 ? Machine::kOwn : Machine::kNone;
            if (i < 0 || !full(m)) {
                return i;
            }
            release(i);
        }
        int i = -1;
        if (line.empty()) {
            if (!unused.empty()) {
                i = unused.front();
                unused.pop_front();
            } else {
                bool waits = false;
                i = chosen(m, waits);
                if (i < 0 && !waits) {
                    i = round(
                        m, frames.size(),
                        [&] {
                            int at = (int)hand;
                            hand = (hand + 1) % frames.size();
                            return at;
                        },
                        -1);
                }
            }
        }
        machine.wait = i < 0 ? Machine::kLine : Machine::kNone;
        return i;
    }
    std::string attempt(int m)
    {
        const std::string outcome = attempt_once(m);
        if (machines[m].wait != Machine::kLine) {
            machines[m].awaited = -1;
        }
        return outcome;
    }
    std::string attempt_once(int m)
    {
        Machine &machine = machines[m];
        int block = machine.block;
        bool swapped = machine.swapped.count(block);
        bool of_image =
            machine.image >= 0 && !swapped && block < blocks(images[machine.image].pages);
        int source = of_image ? image_frame(machine.image, block) : -1;
        if (source >= 0 && frames[source].state == Frame::kReading) {
            machine.wait = Machine::kFrame;
            frames[source].waiters.push_back(m);
            return "wait";
        }
        if (source >= 0 && !machine.write) {
            machine.wait = Machine::kNone;
            use(source);
            auto &mappers = frames[source].mappers;
            if (std::count(mappers.begin(), mappers.end(), m) == 0) {
                mappers.push_front(m);
            }
            return "hit";
        }
        bool own = !of_image || (machine.write && source >= 0);
        if (source >= 0) {
            frames[source].held++;
        }
        int i = take(m, own);
        if (source >= 0) {
            frames[source].held--;
        }
        if (i < 0) {
            return "wait";
        }
        Frame &frame = frames[i];
        frame = Frame();
        frame.state = Frame::kHere;
        frame.block = block;
        frame.image = !own;
        frame.owner = own ? m : machine.image;
        if (own) {
            use(i);
            machine.frames.push_back(i);
            if (source >= 0) {
                auto &mappers = frames[source].mappers;
                auto mapper = std::find(mappers.begin(), mappers.end(), m);
                if (mapper != mappers.end()) {
                    mappers.erase(mapper);
                    forget_one(m, block, false);
                }
                frame.dirty = true;
                pin(m, i);
                return "copied";
            }
            if (!of_image && !swapped) {
                frame.dirty = machine.write;
                pin(m, i);
                return "filled";
            }
        }
        frame.state = Frame::kReading;
        if (of_image) {
            const Image &image = images[machine.image];
            transfer(i, image.disk, image.sector, image.pages, block, false, m);
        } else {
            transfer(i, machine.disk, machine.sector, machine.pages, block, false, m);
        }
        machine.wait = Machine::kFrame;
        frame.waiters.push_back(m);
        return "wait";
    }
    void ready(int m, const std::string &outcome)
    {
        machines[m].wait = Machine::kNone;
        machines[m].wait_ns += now - machines[m].since;
        machines[m].last = now;
        say("ready " + std::to_string(m) + " " + outcome);
    }
    void retry(int m)
    {
        std::string outcome = attempt(m);
        if (outcome == "hit") {
            pin(m, image_frame(machines[m].image, machines[m].block));
            outcome = "read";
        }
        if (outcome != "wait") {
            ready(m, outcome);
        } else if (machines[m].wait == Machine::kLine) {
            line.push_back(m);
        }
    }
    void serve()
    {
        while (!line.empty()) {
            std::deque<int> rest(line.begin() + 1, line.end());
            int m = line.front();
            line.clear();
            retry(m);
            bool stuck = !line.empty();
            line.insert(line.end(), rest.begin(), rest.end());
            if (stuck) {
                return;
            }
        }
    }
};

#endif
