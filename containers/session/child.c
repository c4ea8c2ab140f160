/* The --child: one program beside the channel (a server, a supervisor), whose output is forwarded while somebody reads.
 * Its death ends nothing: what it had written can still be read out. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MOST = 256 << 10 };

extern char **environ;
static pid_t child;
static int output[3] = {-1, -1, -1}; /* by stream: 1 and 2 */

void child_start(char **argv) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) die("child");
    child = fork();
    if (child < 0) die("child");
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        setsid();
        if (dup2(out[1], 1) >= 0 && dup2(err[1], 2) >= 0) execvp(argv[0], argv);
        die(argv[0]);
    }
    close(out[1]);
    close(err[1]);
    output[1] = out[0];
    output[2] = err[0];
    fcntl(output[1], F_SETFL, O_NONBLOCK);
    fcntl(output[2], F_SETFL, O_NONBLOCK);
}

int child_fd(int stream) { return output[stream]; }

void child_read(int stream) {
    static char buffer[1 + 8192];
    ssize_t n = read(output[stream], buffer + 1, sizeof buffer - 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        close(output[stream]);
        output[stream] = -1;
    } else if (channel_waiting() < LINES_MOST) { /* nobody reads: a talkative child must not fill our memory */
        buffer[0] = (char)stream;
        channel_send(FRAME_LINE, 0, buffer, (size_t)n + 1);
    }
}

bool child_exited(pid_t pid, int status) {
    if (!child || pid != child) return false;
    child = 0;
    uint32_t value = (uint32_t)status;
    channel_send(FRAME_CHILD, 0, &value, 4);
    return true;
}
