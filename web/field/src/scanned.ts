/** What the office's QR has put behind the # of the address: #enrol/<staff number>/<code>. */
export function scannedFrom(hash: string): { staffNo: string; code: string } {
  const [word, staffNo = '', code = ''] = hash.slice(1).split('/').map(decodeURIComponent);
  return word === 'enrol' ? { staffNo, code } : { staffNo: '', code: '' };
}
