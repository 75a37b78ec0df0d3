/* pm, am and content on the virtual phone: asks the phone's system, which is a process of the
 * computer around it. It hands over its words and its three streams, and ends with the code that
 * comes back. Usage: the words of the command; argv[0] names the program. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const int STREAMS[3] = {0, 1, 2};

int main(int count, char **words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/socket/system"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address)) {
    perror("cmd: the system does not answer");
    return 20;
  }
  char place[CMSG_SPACE(sizeof STREAMS)] = {0};
  char first = '!';
  struct iovec data = {.iov_base = &first, .iov_len = 1};
  struct msghdr message = {.msg_iov = &data,
                           .msg_iovlen = 1,
                           .msg_control = place,
                           .msg_controllen = sizeof place};
  struct cmsghdr *streams = CMSG_FIRSTHDR(&message);
  streams->cmsg_level = SOL_SOCKET;
  streams->cmsg_type = SCM_RIGHTS;
  streams->cmsg_len = CMSG_LEN(sizeof STREAMS);
  memcpy(CMSG_DATA(streams), STREAMS, sizeof STREAMS);
  if (sendmsg(server, &message, 0) != 1) return 20;
  for (int i = 0; i < count; i++) {
    const char *word = words[i];
    if (!i && strrchr(word, '/')) word = strrchr(word, '/') + 1;
    size_t left = strlen(word) + 1;
    while (left) {
      ssize_t sent = write(server, word, left);
      if (sent <= 0) return 20;
      word += sent;
      left -= (size_t)sent;
    }
  }
  shutdown(server, SHUT_WR);
  unsigned char code;
  return read(server, &code, 1) == 1 ? code : 255;
}
