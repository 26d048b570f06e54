# Commands of gdb for worlds that `denali debug` runs: gdb -x denali.gdb IMAGE ...

# gdb keeps what it has read: registers, parts of memory, and the value of what is watched. A
# `monitor` command may have gone elsewhere.
set $denali_python = 0
define hookpost-monitor
  pipe maintenance flush register-cache | cat >/dev/null
  if $denali_python
    python denali_look_again()
  end
end

define goto
  monitor goto $arg0
  frame
end
document goto
The whole world of `denali debug` to a virtual time, earlier or later.
Usage: goto 41.2s
end

# The last: a gdb without Python says so, and has everything before.
python
def denali_look_again():
    try:
        gdb.execute("maintenance flush dcache", to_string=True)
    except gdb.error:
        pass  # older than gdb 12
    kinds = (gdb.BP_WATCHPOINT, gdb.BP_HARDWARE_WATCHPOINT, gdb.BP_ACCESS_WATCHPOINT)
    for point in gdb.breakpoints():
        if point.type in kinds and point.enabled:
            try:
                gdb.parse_and_eval(point.expression)
                point.enabled = True  # has its value read again
            except gdb.error:
                pass  # what it watches is not here

gdb.set_convenience_variable("denali_python", 1)
end
