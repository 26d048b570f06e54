# Commands of gdb for worlds that `denali debug` runs: gdb -x denali.gdb IMAGE ...

# gdb keeps the registers that it has read; a `monitor` command may have gone elsewhere.
define hookpost-monitor
  pipe maintenance flush register-cache | cat >/dev/null
end

define goto
  monitor goto $arg0
  frame
end
document goto
The whole world of `denali debug` to a virtual time, earlier or later.
Usage: goto 41.2s
end
