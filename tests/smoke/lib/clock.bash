# smoke: programs whose wall clock a test moves; sourced after smoke.bash.

# clock_made: makes programs whose clock can be moved from their start on; LAB_BUILD=$CLOCKED then has the lab start these. That is the
# caller's to say: what `need` calls changes no variable.
CLOCKED=$LAB_DIR/clocked
clock_made() {
  local program
  gcc -O1 -shared -fPIC -o "$LAB_DIR/clock.so" "$SMOKE_LIB/clock.c" -ldl && moved 0 || return
  for program in control/sluice-control dataplane/boot/sluice-dataplane; do
    mkdir -p "$CLOCKED/${program%/*}"
    printf '#!/bin/sh\nLD_PRELOAD=%s CLOCK_FILE=%s exec %s "$@"\n' "$LAB_DIR/clock.so" "$LAB_DIR/moved" "$LAB_BUILD/$program" >"$CLOCKED/$program"
    chmod +x "$CLOCKED/$program"
  done
  ln -s "$LAB_BUILD/control/sluicectl" "$CLOCKED/control/"
}
# moved SECONDS: so far it goes ahead from now on, or back.
moved() { python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("q", int(sys.argv[1])))' "$1" 1<>"$LAB_DIR/moved"; }
