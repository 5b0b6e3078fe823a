# rnbdctl(1); printed by `rnbdctl completion fish`
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'status' -d 'sessions, paths, devices, exports, and what is wrong with them'
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l check
complete -c rnbdctl -n '__fish_seen_subcommand_from status' -l bytes
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'map' -d 'map a device of a server and wait until it is there'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from map' -a 'from ro rw migration' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l path
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l port
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l name
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l owner
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l fast-io-fail
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from map' -l bytes
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'unmap' -d 'take mapped devices away'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from unmap' -a '(rnbdctl list devices -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l force
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from unmap' -l dry-run
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'remap' -d 'ask the server to open disconnected devices again'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from remap' -a '(rnbdctl list devices -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from remap' -l bytes
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'list' -d 'one line for each (devices, if nothing is said)'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from list' -a 'devices sessions paths exports' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l no-headers
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l bytes
complete -c rnbdctl -n '__fish_seen_subcommand_from list' -l owner
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'show' -d 'all there is to say about a device, session, path or export'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from show' -a '(for k in devices sessions paths exports; rnbdctl list $k -q 2>/dev/null; end)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from show' -l bytes
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'version' -d 'versions of the tool and of the loaded modules'
complete -c rnbdctl -n '__fish_seen_subcommand_from version' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from version' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from version' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from version' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from version' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from version' -l sysfs
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'completion' -d 'print the completion script of a shell'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from completion' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from completion' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from completion' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from completion' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from completion' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from completion' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l no-headers
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l bytes
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from list' -l owner
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -a '(rnbdctl list devices -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from show' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -a 'from ro rw migration' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l path
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l port
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l name
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l owner
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l fast-io-fail
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from map' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -a '(rnbdctl list devices -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l force
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from unmap' -l dry-run
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -a '(rnbdctl list devices -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from remap' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -a '(rnbdctl list devices -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l fast-io-fail
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from device; and __fish_seen_subcommand_from set' -l bytes
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l no-headers
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from list' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -a '(rnbdctl list sessions -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from show' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -a '(rnbdctl list sessions -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l policy
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l max-reconnect-attempts
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l heartbeat-idle
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l heartbeat-busy
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l heartbeat-missed
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from set' -l dry-run
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -a '(rnbdctl list sessions -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from reconnect' -l dry-run
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -a '(rnbdctl list sessions -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from session; and __fish_seen_subcommand_from disconnect' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l no-headers
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from list' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -a '(rnbdctl list paths -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from show' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -a '(rnbdctl list sessions -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from add' -l dry-run
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -a '(rnbdctl list paths -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from delete' -l dry-run
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -a '(rnbdctl list paths -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from reconnect' -l dry-run
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -a '(rnbdctl list paths -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l no-wait
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l timeout
complete -c rnbdctl -n '__fish_seen_subcommand_from path; and __fish_seen_subcommand_from disconnect' -l dry-run
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l no-headers
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from list' -l bytes
complete -c rnbdctl -f -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -a '(rnbdctl list exports -q 2>/dev/null)' -d ''
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l help
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l json
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l output
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l quiet
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l verbose
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l sysfs
complete -c rnbdctl -n '__fish_seen_subcommand_from export; and __fish_seen_subcommand_from show' -l bytes
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'device' -d 'block devices mapped on this client'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and test (count (commandline -opc)) -eq 2' -a 'list' -d 'one line for each'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and test (count (commandline -opc)) -eq 2' -a 'show' -d 'all there is to say about one'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and test (count (commandline -opc)) -eq 2' -a 'map' -d 'map a device of a server and wait until it is there'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and test (count (commandline -opc)) -eq 2' -a 'unmap' -d 'take mapped devices away'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and test (count (commandline -opc)) -eq 2' -a 'remap' -d 'ask the server to open disconnected devices again'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from device; and test (count (commandline -opc)) -eq 2' -a 'set' -d 'change settings of mapped devices'
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'session' -d 'connections of this machine to servers and from clients'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and test (count (commandline -opc)) -eq 2' -a 'list' -d 'one line for each'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and test (count (commandline -opc)) -eq 2' -a 'show' -d 'all there is to say about one'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and test (count (commandline -opc)) -eq 2' -a 'set' -d 'change how sessions use their paths'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and test (count (commandline -opc)) -eq 2' -a 'reconnect' -d 'connect all paths anew, those that work one after the other'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from session; and test (count (commandline -opc)) -eq 2' -a 'disconnect' -d 'close all paths until they are told to reconnect'
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'path' -d 'address pairs of the sessions'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and test (count (commandline -opc)) -eq 2' -a 'list' -d 'one line for each'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and test (count (commandline -opc)) -eq 2' -a 'show' -d 'all there is to say about one, with its counters'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and test (count (commandline -opc)) -eq 2' -a 'add' -d 'give a session more paths and wait until they are connected'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and test (count (commandline -opc)) -eq 2' -a 'delete' -d 'take paths away, the last one too'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and test (count (commandline -opc)) -eq 2' -a 'reconnect' -d 'connect now: a path that is down, or anew one that is up'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from path; and test (count (commandline -opc)) -eq 2' -a 'disconnect' -d 'close paths until they are told to reconnect'
complete -c rnbdctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'export' -d 'block devices this server has open for clients'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from export; and test (count (commandline -opc)) -eq 2' -a 'list' -d 'one line for each'
complete -c rnbdctl -f -n '__fish_seen_subcommand_from export; and test (count (commandline -opc)) -eq 2' -a 'show' -d 'all there is to say about one'
