# Writes OUTPUT from lib/core/build_info.cpp.in. Run at every build, not at configure time, so that
# the commit does not go stale; the file is touched only when its contents change.
set(git git --no-optional-locks -c "safe.directory=*" -C "${SOURCE_DIR}")
execute_process(COMMAND ${git} rev-parse HEAD OUTPUT_VARIABLE commit RESULT_VARIABLE failed
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(failed)
  set(commit "unknown")
else()
  execute_process(COMMAND ${git} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(changes)
    string(APPEND commit "-dirty")
  endif()
endif()
configure_file("${SOURCE_DIR}/lib/core/build_info.cpp.in" "${OUTPUT}" @ONLY)
