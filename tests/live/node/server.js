'use strict';
/*
 * nodemailer's smtp-server at several addresses, for peers/auth_node.py.
 *
 *	node server.js SETTINGS
 *
 * SETTINGS is a file of JSON: doors (address, methods, and more options of
 * the module's), key, cert, users (name: password), box (folder of mailboxes),
 * log. Each login makes a line of JSON in the log; each message a file, with
 * a line on top that tells who it is from.
 */
const fs = require('fs');
const { SMTPServer } = require('smtp-server');

const set = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
let messages = 0;

function say(event) {
	fs.appendFileSync(set.log, JSON.stringify(event) + '\n');
}

function isRight(auth) {
	if (!Object.prototype.hasOwnProperty.call(set.users, auth.username))
		return false;
	const password = set.users[auth.username];
	return auth.method === 'CRAM-MD5' ? auth.validatePassword(password) :
		auth.password === password;
}

function onAuth(auth, session, callback) {
	const right = isRight(auth);
	say({ mechanism: auth.method, user: auth.username, right });
	callback(null, right ? { user: auth.username } : {});
}

/* As a whole or not at all, for somebody may be looking. */
function keep(box, octets) {
	const folder = `${set.box}/${box}`;
	fs.mkdirSync(`${folder}/new`, { recursive: true });
	messages++;
	fs.writeFileSync(`${folder}/${messages}`, octets);
	fs.renameSync(`${folder}/${messages}`, `${folder}/new/${messages}`);
}

function onData(stream, session, callback) {
	const tls = session.tlsOptions ? session.tlsOptions.version : 'clear';
	const parts = [Buffer.from(`X-Session: ${session.user || false} ${tls} ` +
		`<${session.envelope.mailFrom.address}>\r\n`)];
	stream.on('data', part => parts.push(part));
	stream.on('end', () => {
		for (const rcpt of session.envelope.rcptTo)
			keep(rcpt.address.split('@')[0], Buffer.concat(parts));
		callback();
	});
}

for (const door of set.doors) {
	const server = new SMTPServer({
		name: 'mx1.box.example',
		key: fs.readFileSync(set.key),
		cert: fs.readFileSync(set.cert),
		maxVersion: 'TLSv1.2',
		disableReverseLookup: true,
		authMethods: door.methods,
		onAuth,
		onData,
		...door.options,
	});
	/* A client that has been refused leaves without waiting. */
	server.on('error', error => say({ error: `${error.message}` }));
	server.listen(25, door.address);
}
