#!/usr/bin/env python3
"""A real mail server for tests: Exim (Debian: exim4-daemon-light) in a folder of its own, on
a free port of loopback. Exim gives its spool to a user of its own, so this needs root; it
ends with 77 where it cannot run.

  exim.py DIR CERT KEY

Says its port on stdout. It takes mail for contoh.test, kelurahan.test and kecamatan.test from
whoever has logged in over TLS with the password "rahasia", and delivers it at once into the
Maildir DIR/<local part without +...>, of pengaduan, kecamatan, siti and budi; "tolak" is
refused at RCPT, "nanti" is put off, any other is taken and bounces."""
import os
import pathlib
import pwd
import socket
import subprocess
import sys
import time

CONFIG = """
exim_path = /usr/sbin/exim4
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
primary_hostname = mail.contoh.test
domainlist local_domains = contoh.test : kelurahan.test : kecamatan.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
acl_smtp_rcpt = check_rcpt
tls_advertise_hosts = *
tls_certificate = {cert}
tls_privatekey = {key}
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}}}
never_users =
keep_environment =

begin acl
check_rcpt:
  deny local_parts = tolak
    message = no such user
  defer local_parts = nanti
    message = try later
  accept domains = +local_domains
    authenticated = *
  deny message = relay not permitted

begin routers
local:
  driver = accept
  local_part_suffix = +*
  local_part_suffix_optional
  local_parts = pengaduan : kecamatan : siti : budi
  transport = box

begin transports
box:
  driver = appendfile
  user = {user}
  directory = {dir}/$local_part_data
  create_directory
  maildir_format
  delivery_date_add
  envelope_to_add
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{rahasia}}}}
  server_set_id = $auth2
"""


def cannot(why):
    print("Exim cannot run here: " + why, file=sys.stderr)
    sys.exit(77)


def main():
    if not os.path.exists("/usr/sbin/exim4"):
        cannot("apt-get install exim4-daemon-light")
    if os.geteuid() != 0:
        cannot("it needs root")
    top = pathlib.Path(sys.argv[1]).resolve()
    try:
        user = pwd.getpwnam("Debian-exim")
    except KeyError:
        cannot("there is no user Debian-exim")
    for folder in (top, top / "spool", top / "log"):
        folder.mkdir(exist_ok=True)
        os.chown(folder, user.pw_uid, user.pw_gid)
    os.chmod(top, 0o755)
    for name, source in (("cert", sys.argv[2]), ("key", sys.argv[3])):
        (top / name).write_bytes(pathlib.Path(source).read_bytes())
        os.chown(top / name, user.pw_uid, user.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = top / "exim.conf"
    config.write_text(CONFIG.format(dir=top, port=port, cert=top / "cert", key=top / "key",
                                    user=user.pw_name))
    exim = subprocess.Popen(["/usr/sbin/exim4", "-C", str(config), "-bdf", "-oP",
                             str(top / "pid")], stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        cannot("it does not answer: see %s/log" % top)
    print(port, flush=True)
    try:
        sys.stdin.read()  # until whoever started us has gone
    finally:
        exim.terminate()
        exim.wait()


if __name__ == "__main__":
    main()
