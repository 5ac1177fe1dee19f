# Runs inside the private root: Courier, as its scripts would start it, and a listener for each demand.
set -eu

# Courier speaks to the system log only; what it says there is our output. The socket is there first.
perl -MSocket -e '
    $| = 1;
    socket(LOG, AF_UNIX, SOCK_DGRAM, 0) and bind(LOG, pack_sockaddr_un("/dev/log")) or die "no /dev/log: $!\n";
    chmod 0666, "/dev/log";
    if (fork) { exit }
    while (defined recv(LOG, $line, 65536, 0)) { $line =~ s/^<\d+>//; print $line, "\n" }'

for made in makesmtpaccess makealiases makeacceptmailfor; do
    /usr/lib/courier/$made
done
courier start

# listen NAME COMMAND...: a listener with the settings of esmtpd and its own.
listen() {
    name=$1
    shift
    env -i /bin/sh -c "
        prefix=/usr exec_prefix=/usr sysconfdir=/etc/courier sbindir=/usr/sbin
        set -a
        . /etc/courier/esmtpd
        . /etc/courier/listen.$name
        exec /usr/sbin/couriertcpd -stderrlogger=/usr/sbin/courierlogger -stderrloggername=$name -user=courier -group=courier \
            -address=\$ADDRESS -access=/etc/courier/smtpaccess.dat -maxprocs=\$MAXDAEMONS -maxperc=\$MAXPERC \
            -maxperip=\$MAXPERIP \$PORT $*"
}
listen encryption-only /usr/sbin/courieresmtpd &
listen mutual /usr/sbin/courieresmtpd &
listen implicit /usr/bin/couriertls -server -tcpd /usr/sbin/courieresmtpd &
listen opportunistic /usr/sbin/courieresmtpd
