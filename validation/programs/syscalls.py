"""System calls by name: what a program may use, what kills it, and their numbers on each architecture."""

from dataclasses import dataclass

ALLOWED = (
    "read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack "
    "pread64 readv writev access faccessat faccessat2 select pselect6 poll ppoll sched_yield mremap madvise dup "
    "dup2 dup3 nanosleep clock_nanosleep getpid getppid gettid exit exit_group uname getcwd readlink "
    "readlinkat stat lstat newfstatat statx getdents64 getrusage times sysinfo getuid geteuid getgid getegid "
    "sched_getaffinity clock_gettime clock_getres gettimeofday time getrandom set_robust_list rseq set_tid_address "
    "getrlimit restart_syscall pause alarm setitimer getitimer rt_sigpending rt_sigtimedwait "
    "rt_sigsuspend getpgrp getpgid getsid umask wait4 waitid statfs fstatfs pipe capget getgroups getcpu "
    "epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 recvfrom getsockname shutdown "
)
KILLED = (
    "fork vfork execve execveat socket connect bind listen accept accept4 "
    "sendmsg recvmsg sendmmsg recvmmsg ptrace process_vm_readv process_vm_writev process_madvise kill tkill tgkill "
    "pidfd_open pidfd_getfd pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo io_uring_setup io_uring_enter "
    "io_uring_register mount umount2 pivot_root chroot unshare setns bpf perf_event_open userfaultfd init_module "
    "finit_module delete_module kexec_load reboot keyctl add_key request_key personality memfd_create memfd_secret "
    "shmget shmat semget msgget mq_open open_by_handle_at name_to_handle_at prctl seccomp landlock_create_ruleset "
    "landlock_restrict_self setuid setgid setresuid setresgid setgroups capset process_mrelease "
)
_X86_64 = (
    "read:0 write:1 close:3 fstat:5 lseek:8 mmap:9 mprotect:10 munmap:11 brk:12 rt_sigaction:13 rt_sigprocmask:14 "
    "rt_sigreturn:15 sigaltstack:131 pread64:17 readv:19 writev:20 access:21 faccessat:269 faccessat2:439 select:23 "
    "pselect6:270 poll:7 ppoll:271 sched_yield:24 mremap:25 madvise:28 dup:32 dup2:33 dup3:292 nanosleep:35 "
    "clock_nanosleep:230 getpid:39 getppid:110 gettid:186 exit:60 exit_group:231 uname:63 fcntl:72 getcwd:79 "
    "readlink:89 readlinkat:267 stat:4 lstat:6 newfstatat:262 statx:332 getdents64:217 getrusage:98 times:100 "
    "sysinfo:99 getuid:102 geteuid:107 getgid:104 getegid:108 futex:202 sched_getaffinity:204 clock_gettime:228 "
    "clock_getres:229 gettimeofday:96 time:201 getrandom:318 set_robust_list:273 rseq:334 set_tid_address:218 "
    "getrlimit:97 restart_syscall:219 pause:34 alarm:37 setitimer:38 getitimer:36 rt_sigpending:127 "
    "rt_sigtimedwait:128 rt_sigsuspend:130 getpgrp:111 getpgid:121 getsid:124 umask:95 wait4:61 waitid:247 "
    "statfs:137 fstatfs:138 pipe:22 pipe2:293 capget:125 getgroups:115 getcpu:309 fork:57 vfork:58 "
    "clone:56 clone3:435 execve:59 execveat:322 socket:41 socketpair:53 connect:42 bind:49 listen:50 accept:43 "
    "accept4:288 sendto:44 recvfrom:45 sendmsg:46 recvmsg:47 sendmmsg:307 recvmmsg:299 ptrace:101 "
    "process_vm_readv:310 process_vm_writev:311 process_madvise:440 kill:62 tkill:200 tgkill:234 pidfd_open:434 "
    "pidfd_getfd:438 pidfd_send_signal:424 rt_sigqueueinfo:129 rt_tgsigqueueinfo:297 io_uring_setup:425 "
    "io_uring_enter:426 io_uring_register:427 mount:165 umount2:166 pivot_root:155 chroot:161 unshare:272 setns:308 "
    "bpf:321 perf_event_open:298 userfaultfd:323 init_module:175 finit_module:313 delete_module:176 kexec_load:246 "
    "reboot:169 keyctl:250 add_key:248 request_key:249 personality:135 memfd_create:319 memfd_secret:447 shmget:29 "
    "shmat:30 semget:64 msgget:68 mq_open:240 open_by_handle_at:304 name_to_handle_at:303 prctl:157 seccomp:317 "
    "landlock_create_ruleset:444 landlock_restrict_self:446 setuid:105 setgid:106 setresuid:117 setresgid:119 "
    "setgroups:116 capset:126 process_mrelease:448 open:2 openat:257 prlimit64:302 ioctl:16 "
    "epoll_create:213 epoll_create1:291 epoll_ctl:233 epoll_wait:232 epoll_pwait:281 epoll_pwait2:441 getsockname:51 "
    "shutdown:48 "
)
_AARCH64 = (
    "read:63 write:64 close:57 fstat:80 lseek:62 mmap:222 mprotect:226 munmap:215 brk:214 rt_sigaction:134 "
    "rt_sigprocmask:135 rt_sigreturn:139 sigaltstack:132 pread64:67 readv:65 writev:66 faccessat:48 faccessat2:439 "
    "pselect6:72 ppoll:73 sched_yield:124 mremap:216 madvise:233 dup:23 dup3:24 nanosleep:101 clock_nanosleep:115 "
    "getpid:172 getppid:173 gettid:178 exit:93 exit_group:94 uname:160 fcntl:25 getcwd:17 readlinkat:78 "
    "newfstatat:79 statx:291 getdents64:61 getrusage:165 times:153 sysinfo:179 getuid:174 geteuid:175 getgid:176 "
    "getegid:177 futex:98 sched_getaffinity:123 clock_gettime:113 clock_getres:114 gettimeofday:169 getrandom:278 "
    "set_robust_list:99 rseq:293 set_tid_address:96 getrlimit:163 restart_syscall:128 setitimer:103 "
    "getitimer:102 rt_sigpending:136 rt_sigtimedwait:137 rt_sigsuspend:133 getpgid:155 getsid:156 umask:166 "
    "wait4:260 waitid:95 statfs:43 fstatfs:44 pipe2:59 capget:90 getgroups:158 getcpu:168 clone:220 "
    "clone3:435 execve:221 execveat:281 socket:198 socketpair:199 connect:203 bind:200 listen:201 accept:202 "
    "accept4:242 sendto:206 recvfrom:207 sendmsg:211 recvmsg:212 sendmmsg:269 recvmmsg:243 ptrace:117 "
    "process_vm_readv:270 process_vm_writev:271 process_madvise:440 kill:129 tkill:130 tgkill:131 pidfd_open:434 "
    "pidfd_getfd:438 pidfd_send_signal:424 rt_sigqueueinfo:138 rt_tgsigqueueinfo:240 io_uring_setup:425 "
    "io_uring_enter:426 io_uring_register:427 mount:40 umount2:39 pivot_root:41 chroot:51 unshare:97 setns:268 "
    "bpf:280 perf_event_open:241 userfaultfd:282 init_module:105 finit_module:273 delete_module:106 kexec_load:104 "
    "reboot:142 keyctl:219 add_key:217 request_key:218 personality:92 memfd_create:279 memfd_secret:447 shmget:194 "
    "shmat:196 semget:190 msgget:186 mq_open:180 open_by_handle_at:265 name_to_handle_at:264 prctl:167 seccomp:277 "
    "landlock_create_ruleset:444 landlock_restrict_self:446 setuid:146 setgid:144 setresuid:147 setresgid:149 "
    "setgroups:159 capset:91 process_mrelease:448 openat:56 prlimit64:261 ioctl:29 "
    "epoll_create1:20 epoll_ctl:21 epoll_pwait:22 epoll_pwait2:441 getsockname:204 shutdown:210 "
)


def _numbers(table: str) -> dict[str, int]:
    pairs = (entry.split(":") for entry in table.split())
    return {name: int(number) for name, number in pairs}


@dataclass(frozen=True, slots=True)
class Architecture:
    """What differs between machines: the audit code and the numbers of the system calls."""

    name: str
    audit: int
    numbers: dict[str, int]


ARCHITECTURES = {
    "x86_64": Architecture("x86_64", 0xC000003E, _numbers(_X86_64)),
    "aarch64": Architecture("aarch64", 0xC00000B7, _numbers(_AARCH64)),
}
