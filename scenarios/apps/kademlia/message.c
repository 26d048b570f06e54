/* Reading and writing datagrams; see message.h. The only code that trusts nothing it reads. */
#include "message.h"

#include <string.h>

static uint16_t load_16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void store_16(uint8_t *bytes, uint16_t number)
{
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

/* age, length and value at the end of STORE and VALUE. */
static bool read_value(struct kad_message *message, const uint8_t *body, size_t size_bytes)
{
    if (size_bytes < 6) {
        return false;
    }
    message->age_s = kad_load_32(body);
    message->value_bytes = load_16(body + 4);
    message->value = body + 6;
    return message->value_bytes <= KAD_VALUE_MAX && size_bytes == 6u + message->value_bytes;
}

bool kad_message_read(struct kad_message *message, const uint8_t *bytes, size_t size_bytes)
{
    if (size_bytes < KAD_HEADER_BYTES || bytes[0] != KAD_MAGIC || bytes[1] != KAD_VERSION) {
        return false;
    }
    uint8_t count = bytes[3];
    const uint8_t *body = bytes + KAD_HEADER_BYTES;
    size_t left = size_bytes - KAD_HEADER_BYTES;
    message->type = (enum kad_type)bytes[2];
    kad_id_read(&message->rpc, bytes + 4);
    kad_id_read(&message->sender, bytes + 24);
    message->stored = false;
    message->age_s = 0;
    message->value = NULL;
    message->value_bytes = 0;
    message->contact_count = 0;
    message->contacts = NULL;
    switch (bytes[2]) {
    case KAD_PING:
    case KAD_PONG:
        return count == 0 && left == 0;
    case KAD_STORED:
        message->stored = count == 1;
        return count <= 1 && left == 0;
    case KAD_FIND_NODE:
    case KAD_FIND_VALUE:
        if (count != 0 || left != KAD_ID_BYTES) {
            return false;
        }
        kad_id_read(&message->key, body);
        return true;
    case KAD_STORE:
        if (count != 0 || left < KAD_ID_BYTES) {
            return false;
        }
        kad_id_read(&message->key, body);
        return read_value(message, body + KAD_ID_BYTES, left - KAD_ID_BYTES);
    case KAD_VALUE:
        return count == 0 && read_value(message, body, left);
    case KAD_NODES:
        message->contact_count = count;
        message->contacts = body;
        return count <= KAD_CONTACTS_MAX && left == (size_t)count * KAD_CONTACT_BYTES;
    default:
        return false;
    }
}

bool kad_message_contact(const struct kad_message *message, uint32_t index,
                         struct kad_contact *contact)
{
    const uint8_t *bytes = message->contacts + (size_t)index * KAD_CONTACT_BYTES;
    kad_id_read(&contact->id, bytes);
    contact->address = kad_load_32(bytes + 20);
    contact->port = load_16(bytes + 24);
    return contact->address != 0 && contact->address < UINT32_C(0xe0000000) && contact->port != 0;
}

size_t kad_message_write(const struct kad_message *message, uint8_t *bytes)
{
    bytes[0] = KAD_MAGIC;
    bytes[1] = KAD_VERSION;
    bytes[2] = (uint8_t)message->type;
    bytes[3] = message->type == KAD_STORED && message->stored;
    kad_id_write(&message->rpc, bytes + 4);
    kad_id_write(&message->sender, bytes + 24);
    size_t size = KAD_HEADER_BYTES;
    if (message->type == KAD_STORE || message->type == KAD_FIND_NODE ||
        message->type == KAD_FIND_VALUE) {
        kad_id_write(&message->key, bytes + size);
        size += KAD_ID_BYTES;
    }
    if (message->type == KAD_STORE || message->type == KAD_VALUE) {
        kad_store_32(bytes + size, message->age_s);
        store_16(bytes + size + 4, message->value_bytes);
        size += 6;
        if (message->value_bytes > 0) {
            memcpy(bytes + size, message->value, message->value_bytes);
            size += message->value_bytes;
        }
    }
    return size;
}

size_t kad_message_append(uint8_t *bytes, size_t size_bytes, const struct kad_contact *contact)
{
    uint8_t *end = bytes + size_bytes;
    kad_id_write(&contact->id, end);
    kad_store_32(end + 20, contact->address);
    store_16(end + 24, contact->port);
    bytes[3]++;
    return size_bytes + KAD_CONTACT_BYTES;
}
