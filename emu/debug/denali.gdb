# Commands of gdb for worlds that `denali debug` runs: gdb -x denali.gdb IMAGE ...

# gdb keeps what it has read: registers, parts of memory, and the value of what is watched. A
# `monitor` command may have gone elsewhere.
set $denali_python = 0
define hookpost-monitor
  if $denali_python
    python denali_look_again()
  else
    pipe maintenance flush register-cache | cat >/dev/null
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
import re

# By number of a watchpoint of an expression: the frame that it is of, None if it is of none, and
# what each name in it meant.
denali_watched = {}

def denali_is_watch(point):
    return point.type in (gdb.BP_WATCHPOINT, gdb.BP_HARDWARE_WATCHPOINT,
                          gdb.BP_READ_WATCHPOINT, gdb.BP_ACCESS_WATCHPOINT)

def denali_selected():
    try:
        return gdb.selected_frame()
    except gdb.error:
        return None  # nothing runs

def denali_meaning(name):
    """In the selected frame: (is it of that frame, where it is declared)."""
    try:
        symbol = gdb.lookup_symbol(name)[0]
    except gdb.error:
        symbol = None  # no frame
    if symbol is None:
        symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if symbol is None:
        return (False, None)
    return (symbol.needs_frame, (str(symbol.symtab), symbol.line))

def denali_note(point):
    """gdb parses an expression again whenever a watchpoint is enabled, in the frame that is
    selected then. So what it meant is kept, as long as gdb does not keep it (`-location`)."""
    if not denali_is_watch(point) or re.match(r"-l", point.expression):
        return
    names = re.findall(r"(?<![\w$.])(?<!->)[A-Za-z_]\w*", point.expression)
    means = {name: denali_meaning(name) for name in names}
    local = any(of_frame for of_frame, _ in means.values())
    denali_watched[point.number] = (denali_selected() if local else None, means)

def denali_select_for(point):
    """Selects a frame where the expression means what it did; False if there is none."""
    if point.number not in denali_watched:
        return True  # an address, wherever one is
    of_frame, means = denali_watched[point.number]
    if of_frame is not None:
        return of_frame.is_valid()  # gdb parses it there, whatever is selected
    frame = gdb.newest_frame()
    while frame is not None:
        frame.select()
        if all(denali_meaning(name) == meaning for name, meaning in means.items()):
            return True
        frame = frame.older()
    return False

def denali_look_again():
    selected = denali_selected()
    here = selected and (gdb.newest_frame(), gdb.newest_frame().pc())
    gdb.execute("maintenance flush register-cache", to_string=True)
    try:
        gdb.execute("maintenance flush dcache", to_string=True)
    except gdb.error:
        pass  # older than gdb 12
    try:
        newest = gdb.newest_frame()
    except gdb.error:
        return  # the run is over
    moved = not selected or here != (newest, newest.pc()) or not selected.is_valid()
    for point in gdb.breakpoints():
        if denali_is_watch(point) and point.type != gdb.BP_READ_WATCHPOINT and point.enabled:
            if denali_select_for(point):
                point.enabled = True  # has its value read again
    (newest if moved else selected).select()

for point in gdb.breakpoints():
    denali_note(point)
gdb.events.breakpoint_created.connect(denali_note)
gdb.set_convenience_variable("denali_python", 1)
end
