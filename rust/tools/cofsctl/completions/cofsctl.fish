# SPDX-License-Identifier: GPL-2.0; made by scripts/cofsctl-docs.sh
# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_cofsctl_global_optspecs
    string join \n h/help V/version
end

function __fish_cofsctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_cofsctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_cofsctl_using_subcommand
    set -l cmd (__fish_cofsctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c cofsctl -n "__fish_cofsctl_needs_command" -s h -l help -d 'Print help'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -s V -l version -d 'Print version'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "status" -d 'Shows what is shared now, what that saves, and the images that are mounted'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "inspect" -d 'Shows what an image says of itself, and what is in it'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "compare" -d 'Tells what images would share if they were mounted together'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "verify" -d 'Reads all of an image, and compares each fingerprint with what it stands for'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "stamp" -d 'Gives fingerprints to the files of a tree or an archive, of which an image is to be made'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "metrics" -d 'Prints the kernel\'s numbers for Prometheus'
complete -c cofsctl -n "__fish_cofsctl_needs_command" -f -a "generate" -d 'Writes the man pages and completions to a directory'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand status" -l watch -d 'Show it again every so many seconds' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand status" -l top -d 'How many of the biggest shared files to show; their names are looked for in the mounts\' directories' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand status" -l root -d 'Where /sys and /proc are' -r -F
complete -c cofsctl -n "__fish_cofsctl_using_subcommand status" -l json -d 'Print a JSON object; with --watch, each in a line of its own'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand inspect" -l file -d 'Show one file: its inode, attributes, fingerprint, and where each extent of it lies' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand inspect" -l fingerprint-xattr -d 'The attribute that has the fingerprint, for images whose superblock does not say' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand inspect" -l tree -d 'List all names, with type, size and fingerprint'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand inspect" -l fingerprints -d 'List the fingerprints of all regular files, in the manner of sha256sum'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand inspect" -l json -d 'Print one JSON object'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand compare" -l top -d 'How many of the biggest common files to list' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand compare" -l limit -d 'Read at most so many bytes of files of an image; by default 64 times its size and 1 GiB' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand compare" -l fingerprint-xattr -d 'The attribute that has the fingerprint, for images whose superblock does not say' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand compare" -l content -d 'Read the files that have no fingerprint, as if they had been stamped'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand compare" -l json -d 'Print one JSON object'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand verify" -l limit -d 'Read at most so many bytes of files of an image; by default 64 times its size and 1 GiB' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand verify" -l fingerprint-xattr -d 'The attribute that has the fingerprint, for images whose superblock does not say' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand verify" -l json -d 'Print one JSON object'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand stamp" -s o -l output -d 'Write the stamped archive to FILE; without it, it replaces the other' -r -F
complete -c cofsctl -n "__fish_cofsctl_using_subcommand stamp" -l xattr -d 'The attribute; another than the default is to be named to mounts by fingerprint_xattr=' -r
complete -c cofsctl -n "__fish_cofsctl_using_subcommand stamp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand metrics" -s o -l output -d 'Write them to FILE, which is replaced as a whole' -r -F
complete -c cofsctl -n "__fish_cofsctl_using_subcommand metrics" -l root -d 'Where /sys and /proc are' -r -F
complete -c cofsctl -n "__fish_cofsctl_using_subcommand metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cofsctl -n "__fish_cofsctl_using_subcommand generate" -s h -l help -d 'Print help'
