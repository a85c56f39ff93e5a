// A mail server for tests: as much SMTP as a client needs to hand over a mail.
import net from 'node:net';
import { freePort } from './server.mjs';

// Puts each mail (its text as sent) into `mails`. Without a port: a free one, to which it may come back. Answers the server; server.address().port.
export async function smtp(mails, port) {
  const at = port ?? await freePort();
  return new Promise((resolve) => {
    const server = net.createServer((socket) => {
      let data = null;
      let rest = '';
      socket.write('220 sink\r\n');
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        rest += bytes.toString('utf8');
        for (let at = rest.indexOf('\r\n'); at >= 0; at = rest.indexOf('\r\n')) {
          const line = rest.slice(0, at);
          rest = rest.slice(at + 2);
          if (data !== null && line !== '.') data += `${line}\n`;
          else if (data !== null) { mails.push(data); data = null; socket.write('250 taken\r\n'); }
          else if (/^DATA/i.test(line)) { data = ''; socket.write('354 go on\r\n'); }
          else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
          else socket.write('250 ok\r\n');
        }
      });
    }).listen(at, '127.0.0.1', () => resolve(server));
  });
}
