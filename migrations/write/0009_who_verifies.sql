-- The projector finds out who asks whether all is sound, whichever way they signed in.

GRANT EXECUTE ON FUNCTION write.has_identity(uuid, uuid) TO ael_projections;
