/* For tests of hosts: loads of restless guests on hosts of every kind. */
#ifndef DENALI_TESTS_EMU_HOST_LOAD_H
#define DENALI_TESTS_EMU_HOST_LOAD_H

#include <string>

#include "world_fixture.h"

/* `nodes` machines on one host; `host` are more fields of it, each with ", " before. */
inline std::string HostLoad(uint64_t seed, uint32_t nodes, const std::string &host,
                            const std::string &group = "", const std::string &guest = "restless")
{
    return "general: {name: load, seed: " + std::to_string(seed) +
           ", duration: 1s}\n"
           "networks: [{name: lan, type: lan, latency: 20us}]\n"
           "hosts: [{name: box, cpu_hz: 1GHz" +
           host +
           "}]\n"
           "groups:\n- {name: r, image: " +
           GuestPath(guest) + ", memory: 128KiB, network: lan, host: box, spread: 300us, count: " +
           std::to_string(nodes) + group + "}\n";
}

#endif
